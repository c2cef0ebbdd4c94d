//! How a wait for a signal ends.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::condition::{ConditionRecord, ConditionState, SignalRecord};
use crate::json::Json;

/// How a handler's wait for a signal has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WaitEnd {
    /// It has come, with what it brought.
    Came(Option<Json>),
    /// It was told that it will not come.
    Withdrawn,
    /// A person let the job pass.
    Waived,
    /// It has not come in time.
    TimedOut,
}

/// The same as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    end: Word,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data: Option<Box<RawValue>>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    Came,
    Withdrawn,
    Waived,
    TimedOut,
}

impl WaitEnd {
    /// What has come of the signal.
    pub(crate) fn of_signal(signal: SignalRecord) -> Self {
        if signal.is_withdrawn { Self::Withdrawn } else { Self::Came(signal.data) }
    }

    /// What has come of the condition that the job waited for; `None` where it is open.
    pub(crate) fn of_condition(condition: ConditionRecord) -> Option<Self> {
        match condition.state {
            ConditionState::Open => None,
            ConditionState::Met => Some(Self::Came(condition.data)),
            ConditionState::Waived => Some(Self::Waived),
            ConditionState::Withdrawn => Some(Self::Withdrawn),
        }
    }

    /// It as the output of its step.
    pub(crate) fn to_output(&self) -> Json {
        let (end, data) = match self {
            Self::Came(data) => (Word::Came, data.as_ref()),
            Self::Withdrawn => (Word::Withdrawn, None),
            Self::Waived => (Word::Waived, None),
            Self::TimedOut => (Word::TimedOut, None),
        };
        let data = data.and_then(|data| RawValue::from_string(data.to_string()).ok());
        // A word and text that is JSON can be written as JSON.
        Json::stored(serde_json::to_string(&Kept { end, data }).unwrap_or_default())
    }

    /// What the output of a step says.
    pub(crate) fn read(output: &Json) -> serde_json::Result<Self> {
        let Kept { end, data } = output.read()?;
        Ok(match end {
            Word::Came => Self::Came(data.map(|data| Json::stored(data.get()))),
            Word::Withdrawn => Self::Withdrawn,
            Word::Waived => Self::Waived,
            Word::TimedOut => Self::TimedOut,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// T48: what a wait ended with is the same when it is read again, to the byte.
    #[test]
    fn ends_lead_back() {
        let data = Json::stored(r#"{"b": 1,  "a": [2]}"#);
        for end in [
            WaitEnd::Came(Some(data)),
            WaitEnd::Came(None),
            WaitEnd::Withdrawn,
            WaitEnd::Waived,
            WaitEnd::TimedOut,
        ] {
            assert_eq!(WaitEnd::read(&end.to_output()).expect("it can be read"), end);
        }
    }
}
