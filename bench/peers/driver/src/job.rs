use serde::{Deserialize, Serialize};

/// The args of every job: about 200 bytes of JSON, the same in every language.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Job {
    pub id: u64,
    pub recipient: String,
    pub subject: String,
    pub body: String,
}

impl Job {
    pub fn new(id: u64) -> Self {
        Self {
            id,
            recipient: format!("customer-{id}@example.com"),
            subject: "Your order has left the warehouse".into(),
            body: "It should reach you in two to three working days. Thank you very much for your order.".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Job;

    #[test]
    fn args_are_about_200_bytes() {
        let bytes = serde_json::to_vec(&Job::new(12_345)).unwrap().len();
        assert!((185..=215).contains(&bytes), "{bytes}");
    }
}
