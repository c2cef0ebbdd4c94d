//! What undoing an operation does, in the words of the page, of the command line and of the docs.

/// What is put back by undoing this action, such as `retry`.
#[must_use]
pub fn undoing(action: &str) -> &'static str {
    match action {
        "retry" => {
            "Jobs that have not started since end again as they had; one that has started keeps what it did."
        }
        "cancel" => {
            "Jobs that it cancelled wait again where they waited; what it told to stop stays told."
        }
        "move" => "Jobs that have not started since are on their queue again.",
        "delete" => "Jobs that it deleted are there again.",
        _ => "Jobs that nobody has touched since are as they were.",
    }
}

/// What happens to the other jobs.
pub const KEPT: &str = "What cannot be put back stays as it is and is counted, with the reason.";
