//! Compiles the console in: every file of `../web/dist`, with what is made of it once and for all: a hash and a
//! compressed form. Without that folder the program is built all the same, and says so at `/`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

/// Files below this size are sent as they are: a packet holds them either way.
const SMALL: usize = 1_024;

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=build.rs");
    let dist = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("../web/dist");
    // Cargo takes a folder that is not there as changed each time, and would compile this crate anew each time. Whoever
    // builds from something that cannot be written to does.
    drop(fs::create_dir_all(&dist));
    println!("cargo:rerun-if-changed={}", dist.display());
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let mut files = Vec::new();
    if dist.join("index.html").is_file() {
        collect(&dist, &dist, &mut files)?;
    }
    files.sort();
    let mut list = String::from("&[\n");
    for (number, path) in files.iter().enumerate() {
        list.push_str(&entry(&dist, path, &out, number)?);
    }
    list.push(']');
    fs::write(out.join("console.rs"), list)
}

/// The paths of all files, relative to the root, but for the compressed forms of others.
fn collect(root: &Path, folder: &Path, files: &mut Vec<String>) -> io::Result<()> {
    for found in fs::read_dir(folder)? {
        let path = found?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
        } else if let Some(name) = path.strip_prefix(root).ok().and_then(Path::to_str)
            && !path.extension().is_some_and(|ending| ending == "gz" || ending == "br")
        {
            files.push(name.to_owned());
        }
    }
    Ok(())
}

/// One element of the list, an `Asset` of `src/http/console.rs`.
fn entry(dist: &Path, path: &str, out: &Path, number: usize) -> io::Result<String> {
    let file = dist.join(path).canonicalize()?;
    let bytes = fs::read(&file)?;
    let beside = |ending: &str| Some(dist.join(format!("{path}.{ending}"))).filter(|file| file.is_file());
    let gzip = beside("gz")
        .map_or_else(|| compressed(&bytes, &out.join(format!("console-{number}.gz"))), |file| Ok(Some(file)))?;
    let include = |file: Option<PathBuf>| {
        let file = file.and_then(|file| file.canonicalize().ok());
        file.map_or_else(|| "None".to_owned(), |file| format!("Some(include_bytes!({:?}))", file.display().to_string()))
    };
    Ok(format!(
        "    Asset {{ path: {path:?}, tag: {:?}, bytes: include_bytes!({:?}), gzip: {}, brotli: {} }},\n",
        format!("\"{}\"", hash(&bytes)),
        file.display().to_string(),
        include(gzip),
        include(beside("br")),
    ))
}

/// A compressed form, where it is worth it.
fn compressed(bytes: &[u8], file: &Path) -> io::Result<Option<PathBuf>> {
    if bytes.len() < SMALL {
        return Ok(None);
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    let small = encoder.finish()?;
    // Images and fonts are compressed already.
    if small.len() * 10 > bytes.len() * 9 {
        return Ok(None);
    }
    fs::write(file, small)?;
    Ok(Some(file.to_owned()))
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(16).fold(String::with_capacity(32), |mut hex, byte| {
        // Writing into a String does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
