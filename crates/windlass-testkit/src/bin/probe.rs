//! The probe as a process: see [`windlass_testkit::fault::probe`].

use windlass_testkit::fault::probe;
use windlass_testkit::fault::settings::Settings;

/// Threads for handlers: `spin` keeps one of them for ever.
const THREADS: usize = 4;

fn main() {
    keep_quiet_about_meant_panics();
    let settings = Settings::from_environment().expect("a probe is started by a test");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .enable_all()
        .build()
        .expect("a runtime can be started");
    runtime.block_on(probe::run(settings));
    // A runtime waits for handlers that never give their thread back; a process need not.
    std::process::exit(0);
}

/// A torture has tens of thousands of them.
fn keep_quiet_about_meant_panics() {
    let told = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if panic.payload_as_str() != Some(probe::MEANT) {
            told(panic);
        }
    }));
}
