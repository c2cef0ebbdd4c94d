//! The machine's monotonic clock, the same for every process on it.

/// Nanoseconds since the machine was started. Records of different processes are put in order by
/// it, which [`std::time::Instant`] does not allow.
#[must_use]
pub fn now() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a value of ours, and the clock exists on every Linux.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    assert_eq!(failed, 0, "the monotonic clock can be read");
    time.tv_sec.unsigned_abs() * 1_000_000_000 + time.tv_nsec.unsigned_abs()
}
