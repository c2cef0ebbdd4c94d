//! The mark of Windlass's own events, by which jobs that come of them are known.

use uuid::Uuid;

use crate::id::{EventId, JobId};

/// The bytes behind the version and its random bits. Together with the version they say whose the event is: no other id that
/// is a root has version 8.
const MARK: [u8; 2] = [0xA1, 0xE7];

/// A new id of an event of Windlass's own.
#[must_use]
pub fn own_id() -> EventId {
    let mut bytes = EventId::new().as_uuid().into_bytes();
    bytes[6] = 0x80 | (bytes[6] & 0x0F);
    bytes[8..10].copy_from_slice(&MARK);
    EventId::from_uuid(Uuid::from_bytes(bytes))
}

/// Whether the root of what comes of each other is an event of Windlass's own.
#[must_use]
pub fn is_own(root: JobId) -> bool {
    let uuid = root.as_uuid();
    uuid.get_version_num() == 8 && uuid.as_bytes()[8..10] == MARK
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subscription::job_of;
    use crate::time::Timestamp;

    #[test]
    fn an_id_of_its_own_is_known_and_no_other_is() {
        let own: Vec<EventId> = (0..1_000).map(|_| own_id()).collect();
        assert!(own.iter().all(|id| is_own(JobId::from_uuid(id.as_uuid()))));
        let mut once = own.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), own.len());
        for _ in 0..1_000 {
            assert!(!is_own(JobId::new()));
            assert!(!is_own(JobId::from_uuid(Uuid::new_v4())));
        }
        assert!(!is_own(job_of(Timestamp::wall_clock(), 7, 1)));
    }
}
