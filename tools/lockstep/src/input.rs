//! Reading what the arguments name.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::failure::{Failure, STDIN, shown};

/// The largest file that is read, in bytes: a state of Terraform of thousands of resources is smaller.
pub(crate) const MAX_BYTES: u64 = 256 * 1024 * 1024;

/// The bytes of a file, or of standard input for `-`.
pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = match path.as_os_str() == STDIN {
        true => io::stdin()
            .lock()
            .take(MAX_BYTES + 1)
            .read_to_end(&mut bytes),
        false => File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes)),
    };
    read.map_err(|error| Failure::unreadable(path, &error))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Failure::new(
            shown(path),
            format!("the file has more than {MAX_BYTES} bytes"),
            "Pass a smaller file.",
        ));
    }
    Ok(bytes)
}

/// The text of a file, or of standard input for `-`.
pub(crate) fn text(path: &Path) -> Result<String, Failure> {
    String::from_utf8(bytes(path)?).map_err(|error| {
        let position = error.utf8_error().valid_up_to();
        Failure::new(
            shown(path),
            format!(
                "the file is not UTF-8 text: the byte at position {position} does not belong there"
            ),
            "Save the file as UTF-8.",
        )
    })
}

/// That standard input is named once at most: it can be read only once.
pub(crate) fn stdin_once(paths: &[PathBuf]) -> Result<(), Failure> {
    let times = paths.iter().filter(|path| path.as_os_str() == STDIN);
    match times.count() {
        0 | 1 => Ok(()),
        _ => Err(Failure::new(
            STDIN,
            "standard input is named more than once",
            "Name `-` once.",
        )),
    }
}
