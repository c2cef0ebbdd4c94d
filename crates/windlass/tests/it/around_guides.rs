//! The examples of docs/layers.md and docs/isolation.md, line by line: `scripts/tidy` compares them.

/// docs/layers.md.
mod layers {
    use std::sync::Arc;
    use std::time::Duration;

    use serde::{Deserialize, Serialize};
    use windlass::prelude::*;
    use windlass::{AttemptContext, Failure, HandlerFuture, HandlerLayer, Hooked, Hooks, Next};

    #[derive(Serialize, Deserialize, Job)]
    #[job(kind = "report.render")]
    struct Render {
        lines: u64,
    }

    async fn render(job: Render, cx: Context) -> Result<u64, JobError> {
        cx.blocking(move |cx| {
            let mut sum = 0;
            for line in 0..job.lines {
                cx.safe_point()?;
                sum += line;
            }
            Ok(sum)
        })
        .await
    }

    struct Audit;

    impl Hooks for Audit {
        async fn before(&self, attempt: &AttemptContext) -> Result<(), JobError> {
            tracing::info!(args = attempt.args().as_str(), "begins");
            Ok(())
        }

        async fn after(&self, _attempt: &AttemptContext) {
            tracing::info!("is done");
        }

        async fn on_error(&self, _attempt: &AttemptContext, error: &JobError) {
            tracing::info!(decision = ?error.decision(), "{error}");
        }
    }

    struct Patient;

    impl HandlerLayer for Patient {
        fn around(&self, attempt: Arc<AttemptContext>, next: Next) -> HandlerFuture {
            Box::pin(async move {
                match next.run(attempt).await {
                    Err(error) if error.message().contains("busy") => {
                        Err(JobError::snooze(Duration::from_secs(60)))
                    }
                    result => result,
                }
            })
        }
    }

    #[tokio::test]
    async fn the_page_on_layers() -> Result<(), Box<dyn std::error::Error>> {
        let test = windlass::testing::TestStore::new().await;
        test.client().enqueue(Render { lines: 5 }).await?;
        let store = test.store();
        let worker = Worker::new(store, ()).handle_fn(render);
        let worker = worker.handler_layer(Hooked::new(Audit));
        let worker = worker.kind_layer(Render::KIND, Hooked::new(Audit));
        let worker = worker.handler_layer(Patient);
        let worker = worker.on_failure(|failure: Failure| async move {
            let will_retry = failure.will_retry();
            tracing::error!(job = %failure.job, outcome = ?failure.outcome, will_retry, "{}", failure.error);
        });
        let worker =
            worker.every(Duration::from_secs(30), |_app| async { tracing::info!("still here") });
        let worker = worker.on_idle(|_app| async { tracing::info!("nothing to do") });
        assert_eq!(test.drain("default", worker).await.completed(), 1);
        Ok(())
    }
}

/// docs/isolation.md.
mod isolation {
    use serde::{Deserialize, Serialize};
    use windlass::prelude::*;

    #[derive(Serialize, Deserialize, Job)]
    #[job(kind = "pdf.render", isolate = "process", timeout = "60s")]
    struct RenderPdf {
        document: i64,
    }

    async fn render(job: RenderPdf, cx: Context) -> Result<String, JobError> {
        cx.safe_point()?;
        Ok(format!("rendered {} in process {}", job.document, std::process::id()))
    }

    /// T36: the derive says where a kind runs.
    #[tokio::test]
    async fn the_page_on_isolation() -> Result<(), Box<dyn std::error::Error>> {
        assert_eq!(RenderPdf::ISOLATION, windlass::Isolation::Process);
        let test = windlass::testing::TestStore::new().await;
        let client = test.client();
        if !windlass::is_isolated() {
            client.enqueue(RenderPdf { document: 1 }).await?;
        }
        let worker = Worker::new(test.store(), ()).handle_fn(render);
        assert_eq!(test.drain("default", worker).await.completed(), 1, "where it is called");
        Ok(())
    }
}
