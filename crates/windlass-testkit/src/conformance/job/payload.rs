//! Payloads: data, kept to the byte.

use fastrand::Rng;
use windlass_core::job::{NewJob, Outcome, Settled, Verdict};
use windlass_core::json::Json;
use windlass_core::limits::{ARGS_BYTES, ERROR_BYTES, OUTPUT_BYTES};

use crate::draft::job;
use crate::fixture::{SECOND, StoreFixture};
use crate::verdicts::complete_with;

const SEED: u64 = 0x0770_1AB5;

/// O25, I-D6: what the handler gets is what was enqueued, to the byte, on every attempt.
pub async fn args_come_back_to_the_byte(fixture: StoreFixture) {
    let mut random = Rng::with_seed(SEED);
    let written: Vec<String> = (0..1_000).map(|_| value(&mut random, 4)).collect();
    fixture.enqueue(written.iter().map(|args| job().args(args))).await;
    let worker = fixture.worker().await;
    for attempt in 1..=2 {
        let batch = worker.claim(1_000).await;
        let read = batch.jobs.iter().map(|job| job.args.as_str());
        assert!(read.eq(written.iter().map(String::as_str)), "at attempt {attempt}");
        worker.release(&batch).await;
    }
    let listed = fixture.find("").await;
    for (id, args) in listed.into_iter().rev().zip(&written).step_by(97) {
        assert_eq!(fixture.job(id).await.args.as_str(), args);
    }
}

/// O25: what the handler returned is what people read, to the byte; the args stay beside it.
pub async fn outputs_come_back_to_the_byte(fixture: StoreFixture) {
    let mut random = Rng::with_seed(SEED + 1);
    let worker = fixture.worker().await;
    for _ in 0..50 {
        let (args, output) = (value(&mut random, 3), value(&mut random, 3));
        let id = fixture.enqueue_one(job().args(&args)).await;
        worker.run_one(complete_with(&output)).await;
        let record = fixture.job(id).await;
        assert_eq!(record.args.as_str(), args);
        assert_eq!(record.output.map(|json| json.to_string()), Some(output));
    }
}

/// T5, X13: the largest texts that pass the edge are kept whole.
pub async fn the_largest_payloads_are_kept_whole(fixture: StoreFixture) {
    let id = fixture.enqueue_one(job().bytes(ARGS_BYTES)).await;
    let worker = fixture.worker().await;
    let batch = worker.claim(1).await;
    assert_eq!(batch.jobs[0].args.as_str().len(), ARGS_BYTES);
    let output = Json::output(format!("\"{}\"", "é".repeat(OUTPUT_BYTES / 2 - 1)));
    let verdict = Verdict::Complete { output: Some(output.expect("it is within the limit")) };
    assert_eq!(worker.settle(&batch, 0, verdict).await, Settled::Done);
    let record = fixture.job(id).await;
    assert_eq!(record.output.map(|json| json.as_str().len()), Some(OUTPUT_BYTES));
}

/// O3, F-33: an error's text comes back as it was, whatever is in it.
pub async fn errors_come_back_as_they_were(fixture: StoreFixture) {
    let long = "x".repeat(ERROR_BYTES);
    let errors = ["", "it's \"quoted\" \\ and\nbroken", "\u{1}\u{7f}\u{202e}", "$$'; drop", &long];
    let worker = fixture.worker().await;
    for error in errors {
        let id = fixture.enqueue_one(job().priority(-1)).await;
        let (outcome, error) = (Outcome::Panic, error.to_owned());
        worker.run_one(Verdict::Retry { outcome, error: error.clone(), delay: SECOND }).await;
        assert_eq!(fixture.job(id).await.history[0].error.as_ref(), Some(&error));
    }
}

/// S-30: names are data; the longest and strangest allowed ones come back as they were, and do
/// not collide.
pub async fn strange_names_come_back_as_they_were(fixture: StoreFixture) {
    let alike = "x".repeat(127);
    let names =
        ["größe-2/a:b", "a.b", "a_b", "A.b", "数据", &format!("{alike}1"), &format!("{alike}2")];
    for name in names {
        let new: NewJob = job().kind(name).queue(name).done();
        new.check().expect("the name is allowed");
        fixture.try_enqueue(std::slice::from_ref(&new)).await.expect("it is accepted");
        let record = fixture.job(new.id).await;
        assert_eq!((record.kind.as_str(), record.queue.as_str()), (name, name));
        assert_eq!(fixture.find(&format!("queue:{name}")).await, [new.id]);
    }
    let counts = fixture.store().counts().await.expect("jobs can be counted");
    assert_eq!(counts.by_queue.len(), names.len());
}

/// A JSON text with whatever makes texts differ: space, order, escapes, long numbers, signs
/// beyond ASCII.
fn value(random: &mut Rng, depth: u32) -> String {
    let space = ["", " ", "\n\t"][random.usize(..3)];
    match random.u32(..if depth == 0 { 5 } else { 7 }) {
        0 => ["null", "true", "false"][random.usize(..3)].to_owned(),
        1 => {
            ["-0", "0.10", "1e400", "12345678901234567890123", "1E-7"][random.usize(..5)].to_owned()
        }
        2 => random.i64(..).to_string(),
        3 | 4 => text(random),
        5 => {
            let items: Vec<String> =
                (0..random.usize(..4)).map(|_| value(random, depth - 1)).collect();
            format!("[{space}{}{space}]", items.join(&format!("{space},")))
        }
        _ => {
            let items: Vec<String> = (0..random.usize(..4))
                .map(|_| format!("{}:{space}{}", text(random), value(random, depth - 1)))
                .collect();
            format!("{{{space}{}}}", items.join(","))
        }
    }
}

fn text(random: &mut Rng) -> String {
    const SIGNS: [&str; 12] = [
        "a",
        "Z",
        " ",
        "\\n",
        "\\\"",
        "\\\\",
        "\\u00e9",
        "é",
        "\\ud83d\\ude00",
        "😀",
        "'",
        "\u{2028}",
    ];
    let signs: String = (0..random.usize(..12)).map(|_| SIGNS[random.usize(..12)]).collect();
    format!("\"{signs}\"")
}
