import asyncio

import procrastinate

QUEUE = "mail"


async def open(options):
    connector = procrastinate.PsycopgConnector(
        conninfo=options.store, min_size=1, max_size=max(options.clients, options.slots, 20)
    )
    app = procrastinate.App(connector=connector)
    await app.open_async()
    await app.schema_manager.apply_schema_async()
    return Procrastinate(app, options)


class Procrastinate:
    name = "procrastinate"

    def __init__(self, app, options):
        self._app = app
        self._options = options
        self._ran = lambda id: None
        self._send_mail = app.task(name="send_mail", queue=QUEUE)(self._handle)

    async def _handle(self, **args):
        self._ran(args["id"])

    async def enqueue(self, job):
        await self._send_mail.defer_async(**job)

    async def enqueue_batch(self, jobs):
        await self._send_mail.batch_defer_async(*jobs)

    async def start_worker(self, ran):
        self._ran = ran
        # It has no batching to turn on: finished jobs that are deleted are all there is to gain.
        fastest = {"delete_jobs": "always"} if self._options.config == "fastest" else {}
        worker = self._app.run_worker_async(
            concurrency=self._options.slots, install_signal_handlers=False, **fastest
        )
        self._worker = asyncio.create_task(worker)

    async def unfinished(self):
        row = await self._app.connector.execute_query_one_async(
            "select count(*) from procrastinate_jobs where status in ('todo', 'doing')"
        )
        return row["count"]
