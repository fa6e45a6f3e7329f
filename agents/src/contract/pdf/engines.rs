//! Where the programs and the library are that read PDFs and pictures.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The folder that `scripts/setup` fetches the library into; the script has the same name in `pdfium_name`; `tests/pdf.rs` compares them.
const TREE: &str = "pdfium-5.15.2";
/// The library's file.
const LIBRARY: &str = if cfg!(target_os = "macos") { "libpdfium.dylib" } else { "libpdfium.so" };
/// Where programs are, besides what `PATH` names.
const PROGRAMS: [&str; 4] = ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin", "/opt/local/bin"];
/// Where libraries are that the system's packager installed.
const LIBRARIES: [&str; 6] = [
    "/usr/local/lib",
    "/usr/lib",
    "/usr/lib64",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/opt/homebrew/lib",
];

/// What this machine has; without all of them PDFs go to a person unread.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Engines {
    /// The pdfium library: text layers with places, and pictures of pages.
    pub pdfium: Option<PathBuf>,
    /// Tesseract: text of pictures.
    pub tesseract: Option<PathBuf>,
    /// The fallback for pdfium.
    pub pdftotext: Option<PathBuf>,
}

impl Engines {
    /// Looks for them. `lookup` shows the environment (in production `std::env::var_os`).
    ///
    /// For pdfium: the file that `DEALDESK_PDFIUM` names and no other; else what set-up fetched; else the system's.
    /// `DEALDESK_TESSERACT` and `DEALDESK_PDFTOTEXT` name programs likewise; else `PATH` and the usual folders.
    #[must_use]
    pub fn find(lookup: impl Fn(&str) -> Option<OsString>) -> Self {
        let named = |name: &str| lookup(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let fetched = || storage::embedded::cache_folders(&lookup).into_iter().map(|cache| cache.join(TREE));
        let pdfium = match named("DEALDESK_PDFIUM") {
            Some(library) => Some(library).filter(|library| library.is_file()),
            None => first(fetched().chain(LIBRARIES.map(PathBuf::from)), LIBRARY),
        };
        let path: Vec<PathBuf> =
            lookup("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
        let program = |variable: &str, name: &str| match named(variable) {
            Some(program) => Some(program).filter(|program| program.is_file()),
            None => first(path.iter().cloned().chain(PROGRAMS.map(PathBuf::from)), name),
        };
        Self {
            pdfium,
            tesseract: program("DEALDESK_TESSERACT", "tesseract"),
            pdftotext: program("DEALDESK_PDFTOTEXT", "pdftotext"),
        }
    }
}

/// The first folder's file of the name, of those that exist.
fn first(folders: impl Iterator<Item = PathBuf>, name: &str) -> Option<PathBuf> {
    folders.map(|folder| folder.join(name)).find(|file| Path::is_file(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_file_is_the_only_one_and_what_was_fetched_comes_before_the_systems() {
        let cache = std::env::temp_dir().join(format!("dealdesk-engines-{}", std::process::id()));
        let fetched = cache.join(TREE).join(LIBRARY);
        std::fs::create_dir_all(fetched.parent().unwrap()).unwrap();
        std::fs::write(&fetched, b"library").unwrap();
        let at = |name: Option<&str>| {
            let (cache, name) = (cache.clone().into_os_string(), name.map(OsString::from));
            Engines::find(move |variable| match variable {
                "DEALDESK_CACHE" => Some(cache.clone()),
                "DEALDESK_PDFIUM" => name.clone(),
                _ => None,
            })
        };
        assert_eq!(at(None).pdfium, Some(fetched.clone()));
        assert_eq!(at(Some("")).pdfium, Some(fetched));
        assert_eq!(at(Some("/nowhere/libpdfium.so")).pdfium, None);
        std::fs::remove_dir_all(cache).unwrap();
    }
}
