//! What the demo works on: files, cut into parts so that there is enough to do.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::exit::Failure;

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
/// About so many parts are made, and at most twice as many.
const PARTS: usize = 128;
const PART_BYTES: (usize, usize) = (64, 256 * 1024);
/// Files of a folder that are used, and how large one may be.
const FILES: usize = 60;
const FILE_BYTES: u64 = 4 << 20;

/// Lines of a file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Part {
    pub(super) file: PathBuf,
    /// Its first byte.
    pub(super) at: usize,
    pub(super) bytes: usize,
}

impl Part {
    pub(super) fn read(&self) -> io::Result<Vec<u8>> {
        let mut file = File::open(&self.file)?;
        file.seek(SeekFrom::Start(self.at as u64))?;
        let mut bytes = vec![0; self.bytes];
        file.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

/// The texts that come with the binary, written into a folder.
pub(super) fn samples(folder: &Path) -> io::Result<Vec<Part>> {
    for (name, text) in SAMPLES {
        fs::write(folder.join(name), text)?;
    }
    Ok(cut(&SAMPLES.map(|(name, _)| folder.join(name))))
}

/// The files below a folder; an error where none can be read.
pub(super) fn below(folder: &Path) -> Result<Vec<Part>, Failure> {
    let mut files = Vec::new();
    find_files(folder, &mut files);
    let parts = cut(&files);
    let none = || Failure::usage(format!("no files can be read in {}", folder.display()));
    if parts.is_empty() { Err(none()) } else { Ok(parts) }
}

/// Regular files, without hidden ones and without what builds leave behind.
fn find_files(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let (name, path) = (entry.file_name(), entry.path());
        let name = name.to_string_lossy();
        if name.starts_with('.') || matches!(&*name, "target" | "node_modules") {
            continue;
        }
        match entry.metadata() {
            _ if files.len() == FILES => return,
            Ok(about) if about.is_dir() => find_files(&path, files),
            Ok(about) if about.is_file() && about.len() <= FILE_BYTES => files.push(path),
            _ => {}
        }
    }
}

/// Parts of these files that end where a line ends. A file that cannot be read has none.
fn cut(files: &[PathBuf]) -> Vec<Part> {
    let text = |file| Some((file, fs::read(file).ok()?));
    let texts: Vec<(&PathBuf, Vec<u8>)> = files.iter().filter_map(text).collect();
    let bytes: usize = texts.iter().map(|(_, text)| text.len()).sum();
    let step = (bytes / PARTS).clamp(PART_BYTES.0, PART_BYTES.1);
    let mut parts = Vec::new();
    for (file, text) in texts {
        let (mut at, mut end) = (0, 0);
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            end += line.len();
            if end - at >= step || end == text.len() {
                parts.push(Part { file: file.clone(), at, bytes: end - at });
                at = end;
            }
        }
    }
    parts.truncate(2 * PARTS);
    parts
}
