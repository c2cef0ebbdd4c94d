import { Logger, makeWorkerUtils, run } from 'graphile-worker'
import pg from 'pg'

// What its author's benchmark fetches at a time, and the delay it completes with.
const LOCAL_QUEUE = 500
const COMPLETION_DELAY_MS = 0

const silent = new Logger(() => () => {})

export async function open({ store, config, slots, clients }) {
  const pool = new pg.Pool({ connectionString: store, max: Math.max(clients, 20) })
  const utils = await makeWorkerUtils({ pgPool: pool, logger: silent })
  await utils.migrate()
  return {
    name: 'graphile-worker',
    package: 'graphile-worker',

    enqueue: (job) => utils.addJob('send_mail', job),

    enqueueBatch: (jobs) =>
      utils.addJobs(jobs.map((payload) => ({ identifier: 'send_mail', payload }))),

    startWorker: (ran) =>
      run({
        pgPool: pool,
        logger: silent,
        concurrency: slots,
        noHandleSignals: true,
        taskList: { send_mail: (job) => ran(job.id) },
        preset: config === 'fastest' ? fastest : {},
      }),

    async unfinished() {
      // A finished job is deleted.
      const { rows } = await pool.query('select count(*) from graphile_worker._private_jobs')
      return Number(rows[0].count)
    },
  }
}

const fastest = {
  worker: {
    localQueue: { size: LOCAL_QUEUE },
    completeJobBatchDelay: COMPLETION_DELAY_MS,
    failJobBatchDelay: COMPLETION_DELAY_MS,
  },
}
