//! Private files: only their owner reads them, and under their name there is the old one or the whole new one.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::exit::{Exit, Failure};

/// Whether a file may be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    /// It is kept, and nothing is written.
    Kept,
    /// It is replaced, once the new one is whole.
    Replaced,
}

/// A file that is being written, under another name in the same folder. Dropped, it is removed.
#[derive(Debug)]
pub(crate) struct PrivateFile {
    path: PathBuf,
    under: PathBuf,
    existing: Existing,
    out: Option<BufWriter<File>>,
}

impl PrivateFile {
    pub(crate) fn create(path: &Path, existing: Existing) -> anyhow::Result<Self> {
        check(path, existing)?;
        let under = under(path)?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&under).map_err(|error| cannot(path, &error))?;
        let path = path.to_path_buf();
        Ok(Self { path, under, existing, out: Some(BufWriter::with_capacity(1 << 16, file)) })
    }

    /// Gives the file its name, once all of it is on the disk.
    pub(crate) fn keep(mut self) -> anyhow::Result<()> {
        let kept = self.flushed().and_then(|()| {
            check(&self.path, self.existing)?;
            fs::rename(&self.under, &self.path).map_err(|error| cannot(&self.path, &error))?;
            let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let folder = File::open(folder.unwrap_or(Path::new(".")));
            folder.and_then(|folder| folder.sync_all()).map_err(|error| cannot(&self.path, &error))
        });
        self.out = None;
        kept
    }

    fn flushed(&mut self) -> anyhow::Result<()> {
        let Some(out) = self.out.as_mut() else { return Ok(()) };
        let flushed = out.flush().and_then(|()| out.get_ref().sync_all());
        flushed.map_err(|error| cannot(&self.path, &error))
    }
}

impl Write for PrivateFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.as_mut().map_or(Ok(bytes.len()), |out| out.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for PrivateFile {
    fn drop(&mut self) {
        if self.out.is_some() {
            // What is left of it is of no use; a name that is gone already needs nothing.
            let _ = fs::remove_file(&self.under);
        }
    }
}

fn check(path: &Path, existing: Existing) -> anyhow::Result<()> {
    let shown = path.display();
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(cannot(path, &error)),
        Ok(found) if !found.is_file() => {
            let what =
                format!("{shown} is not a plain file; name the file itself, not a link to it");
            Err(Failure::new(Exit::Conflict, what).into())
        }
        Ok(_) if existing == Existing::Kept => {
            let what = format!("{shown} is there already; say --force to replace it");
            Err(Failure::new(Exit::Conflict, what).into())
        }
        Ok(_) => Ok(()),
    }
}

fn under(path: &Path) -> anyhow::Result<PathBuf> {
    let nameless = || Failure::usage(format!("{} does not name a file", path.display()));
    let name = path.file_name().ok_or_else(nameless)?;
    let mut under = OsString::from(".");
    under.push(name);
    under.push(format!(".{}-{:08x}", std::process::id(), fastrand::u32(..)));
    Ok(path.with_file_name(under))
}

fn cannot(path: &Path, error: &io::Error) -> anyhow::Error {
    Failure::new(Exit::Failed, format!("{} cannot be written: {error}", path.display())).into()
}
