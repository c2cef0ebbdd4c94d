//! What the demo works on: files, cut into parts so that there is enough to do.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The texts that come with the binary.
const SAMPLES: [(&str, &str); 8] = [
    ("alice.txt", include_str!("../../../demo/alice.txt")),
    ("gettysburg.txt", include_str!("../../../demo/gettysburg.txt")),
    ("mariner.txt", include_str!("../../../demo/mariner.txt")),
    ("moby-dick.txt", include_str!("../../../demo/moby-dick.txt")),
    ("ozymandias.txt", include_str!("../../../demo/ozymandias.txt")),
    ("raven.txt", include_str!("../../../demo/raven.txt")),
    ("two-cities.txt", include_str!("../../../demo/two-cities.txt")),
    ("walrus.txt", include_str!("../../../demo/walrus.txt")),
];
/// Parts there should be about.
const PARTS: u64 = 64;
const PART_BYTES_LEAST: u64 = 64;
const PART_BYTES_MOST: u64 = 256 * 1024;
/// Files of a folder that are used.
const FILES: usize = 60;
/// Entries of a folder that are looked at.
const ENTRIES: usize = 20_000;
const DEPTH: usize = 8;
/// How far back from its full length a part looks for a place to be cut.
const LOOK_BACK: usize = 80;

/// Part of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Part {
    /// The file.
    pub(super) file: PathBuf,
    /// Its first byte.
    pub(super) at: u64,
    /// How many bytes.
    pub(super) bytes: u64,
}

/// Files in parts.
#[derive(Debug)]
pub(super) struct Material {
    /// How many files.
    pub(super) files: usize,
    /// What they are, for people.
    pub(super) what: String,
    /// Their parts.
    pub(super) parts: Vec<Part>,
}

impl Part {
    pub(super) fn read(&self) -> io::Result<Vec<u8>> {
        let mut file = File::open(&self.file)?;
        file.seek(SeekFrom::Start(self.at))?;
        let mut bytes = Vec::new();
        file.take(self.bytes).read_to_end(&mut bytes)?;
        if bytes.len() as u64 == self.bytes {
            Ok(bytes)
        } else {
            Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file became shorter"))
        }
    }
}

impl Material {
    /// The texts that come with the binary, written into a folder.
    pub(super) fn of_samples(folder: &Path) -> io::Result<Self> {
        let folder = folder.join("texts");
        fs::create_dir_all(&folder)?;
        let mut files = Vec::new();
        for (name, text) in SAMPLES {
            let file = folder.join(name);
            fs::write(&file, text)?;
            files.push(file);
        }
        Self::of_files(files, "sample texts".to_owned())
    }

    /// The files below a folder: at most [`FILES`] of them, evenly chosen.
    ///
    /// # Errors
    /// One line when there are none or the folder cannot be read.
    pub(super) fn of_folder(folder: &Path) -> Result<Self, String> {
        let shown = folder.display();
        let whole = fs::canonicalize(folder).map_err(|error| format!("{shown}: {error}"))?;
        if !whole.is_dir() {
            return Err(format!("{shown} is not a folder"));
        }
        let mut files = Vec::new();
        let mut looked_at = 0;
        walk(&whole, DEPTH, &mut looked_at, &mut files);
        files.sort();
        let step = files.len().div_ceil(FILES).max(1);
        let files: Vec<PathBuf> = files.into_iter().step_by(step).collect();
        if files.is_empty() {
            return Err(format!("{shown} has no files that can be read"));
        }
        Self::of_files(files, format!("files of {shown}"))
            .map_err(|error| format!("{shown}: {error}"))
    }

    fn of_files(files: Vec<PathBuf>, what: String) -> io::Result<Self> {
        let lengths = files.iter().map(|file| fs::metadata(file).map(|about| about.len()));
        let lengths = lengths.collect::<io::Result<Vec<u64>>>()?;
        let step = (lengths.iter().sum::<u64>() / PARTS).clamp(PART_BYTES_LEAST, PART_BYTES_MOST);
        let mut parts = Vec::new();
        for file in &files {
            cut(file, step, &mut parts)?;
        }
        // Files of a very large folder are only begun: it is a demo.
        parts.truncate(2 * PARTS as usize);
        Ok(Self { files: files.len(), what, parts })
    }
}

/// Regular files that are not empty, without hidden ones and without what builds leave behind.
/// A folder that cannot be read is passed over.
fn walk(folder: &Path, depth: usize, looked_at: &mut usize, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        *looked_at += 1;
        if *looked_at > ENTRIES {
            return;
        }
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with('.') || matches!(&*name, "target" | "node_modules") {
            continue;
        }
        let Ok(about) = entry.metadata() else { continue };
        if about.is_dir() && depth > 0 {
            walk(&entry.path(), depth - 1, looked_at, files);
        } else if about.is_file() && about.len() > 0 && File::open(entry.path()).is_ok() {
            files.push(entry.path());
        }
    }
}

/// Cuts a file into parts of about `step` bytes, at a space or the end of a line where one is near.
fn cut(file: &Path, step: u64, parts: &mut Vec<Part>) -> io::Result<()> {
    let most = 2 * PARTS * step;
    let mut bytes = Vec::new();
    File::open(file)?.take(most).read_to_end(&mut bytes)?;
    let step = usize::try_from(step).unwrap_or(usize::MAX);
    let mut at = 0;
    while at < bytes.len() {
        let full = (at + step).min(bytes.len());
        let near = full.saturating_sub(LOOK_BACK).max(at + 1);
        let space = |range: &[u8]| range.iter().rposition(u8::is_ascii_whitespace);
        let end = match space(&bytes[near.min(full)..full]) {
            Some(back) if full < bytes.len() => near + back + 1,
            _ => full,
        };
        parts.push(Part { file: file.to_owned(), at: at as u64, bytes: (end - at) as u64 });
        at = end;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_the_samples_are_the_samples() {
        let folder = tempfile::tempdir().expect("a folder");
        let material = Material::of_samples(folder.path()).expect("written");
        assert!((60..=90).contains(&material.parts.len()), "{}", material.parts.len());
        let mut together = String::new();
        for part in &material.parts {
            together.push_str(&String::from_utf8(part.read().expect("read")).expect("text"));
        }
        assert_eq!(together, SAMPLES.map(|(_, text)| text).concat());
    }
}
