import pg from 'pg'
import { PgBoss } from 'pg-boss'

const QUEUE = 'mail'
// Its way to speed is a handler that takes a whole batch, and a worker that goes on fetching while
// batches come back full; two loops overlap one's claim with the other's completion.
const FASTEST = { batchSize: 500, localConcurrency: 2, burstWhenBatchFull: true }

export async function open({ store, config, slots, clients }) {
  const pool = new pg.Pool({ connectionString: store, max: 2 })
  const isFastest = config === 'fastest'
  const boss = new PgBoss({
    connectionString: store,
    max: Math.max(clients, 20),
    ...(isFastest && { useListenNotify: true }),
  })
  boss.on('error', (error) => console.error(error))
  await boss.start()
  await boss.createQueue(QUEUE, isFastest ? { notify: true } : {})
  return {
    name: 'pg-boss',
    package: 'pg-boss',
    slots: isFastest ? FASTEST.localConcurrency : slots,

    enqueue: (job) => boss.send(QUEUE, job),

    enqueueBatch: (jobs) =>
      boss.insert(
        QUEUE,
        jobs.map((data) => ({ data })),
      ),

    startWorker: (ran) =>
      boss.work(QUEUE, isFastest ? FASTEST : { localConcurrency: slots }, async (jobs) => {
        for (const job of jobs) ran(job.data.id)
      }),

    async unfinished() {
      const { rows } = await pool.query("select count(*) from pgboss.job where state <> 'completed'")
      return Number(rows[0].count)
    },
  }
}
