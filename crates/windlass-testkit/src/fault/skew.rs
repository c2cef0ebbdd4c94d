//! A wall clock that is wrong, for one process: a library that answers before the system does.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The variable by which a process is given the library.
pub const VARIABLE: &str = "LD_PRELOAD";

/// Only the wall clock: what measures durations stays as it is, as on a machine whose clock was set
/// wrong.
const SOURCE: &str = r"
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t clock, struct timespec *at) {
  int failed = syscall(SYS_clock_gettime, clock, at);
  if (!failed && clock == CLOCK_REALTIME) at->tv_sec += SKEW;
  return failed;
}
int gettimeofday(struct timeval *at, void *zone) {
  int failed = syscall(SYS_gettimeofday, at, zone);
  if (!failed) at->tv_sec += SKEW;
  return failed;
}
time_t time(time_t *at) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (at) *at = now.tv_sec;
  return now.tv_sec;
}
";

/// A library in this folder that sets the wall clock of a process ahead, or behind, by so many
/// seconds.
///
/// # Panics
/// When there is no C compiler, which SQLite needs too.
#[must_use]
pub fn library(folder: &Path, seconds: i64) -> PathBuf {
    let source = folder.join("skew.c");
    std::fs::write(&source, SOURCE).expect("the folder can be written");
    let library = folder.join(format!("skew{seconds}.so"));
    let mut compile = Command::new("cc");
    compile.args(["-shared", "-fPIC", &format!("-DSKEW=({seconds})"), "-o"]);
    let made = compile.arg(&library).arg(&source).output().expect("a C compiler is there");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    library
}
