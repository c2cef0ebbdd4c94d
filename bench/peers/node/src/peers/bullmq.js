import { Queue, Worker } from 'bullmq'
import IORedis from 'ioredis'

const QUEUE = 'mail'

export async function open({ store, config, slots }) {
  const connect = () => new IORedis(store, { maxRetriesPerRequest: null })
  const queue = new Queue(QUEUE, { connection: connect() })
  await queue.waitUntilReady()
  return {
    name: 'bullmq',
    package: 'bullmq',

    enqueue: (job) => queue.add('send_mail', job, removal(config)),

    enqueueBatch: (jobs) =>
      queue.addBulk(jobs.map((data) => ({ name: 'send_mail', data, opts: removal(config) }))),

    async startWorker(ran) {
      const worker = new Worker(QUEUE, async (job) => ran(job.data.id), {
        connection: connect(),
        concurrency: slots,
      })
      await worker.waitUntilReady()
    },

    async unfinished() {
      const counts = await queue.getJobCounts('waiting', 'active', 'delayed', 'prioritized')
      return Object.values(counts).reduce((sum, each) => sum + each, 0)
    },
  }
}

// Jobs that are kept cost memory for good, so its production guide has them removed.
function removal(config) {
  return config === 'fastest' ? { removeOnComplete: true } : {}
}
