//! The official Standard Webhooks libraries of npm and `PyPI`, and Authlib, at pinned versions.
//!
//! They are installed once, below cargo's target directory, and found there from then on: without a
//! network too. When they can be neither found nor installed, the test fails and says so.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::program::{Libraries, missing};

/// The versions that are verified against: npm's and `PyPI`'s.
const NPM: [&str; 3] = ["standardwebhooks@1.1.1", "@stablelib/base64@1.0.1", "fast-sha256@1.3.0"];
const PYPI: [&str; 1] = ["standardwebhooks==1.1.0"];
/// The OAuth client, and what it speaks HTTP by.
const AUTHLIB: [&str; 2] = ["authlib==1.9.9", "requests==2.34.2"];

/// Node's module folder and the Python that has the library.
pub(crate) fn standard_webhooks() -> &'static Libraries {
    static LIBRARIES: OnceLock<Libraries> = OnceLock::new();
    LIBRARIES.get_or_init(install)
}

/// The Python that has Authlib.
pub(crate) fn authlib() -> PathBuf {
    python_with(&AUTHLIB)
}

fn python_with(libraries: &[&str]) -> PathBuf {
    let into = installed("pypi", libraries.first().unwrap_or(&""), |into| {
        run(Command::new("python3").args(["-m", "venv"]).arg(into));
        let pip = into.join("bin/pip");
        run(Command::new(pip)
            .args(["install", "--quiet", "--disable-pip-version-check"])
            .args(libraries));
    });
    into.join("bin/python3")
}

fn install() -> Libraries {
    let node = installed("npm", NPM[0], |into| {
        run(Command::new("npm")
            .arg("install")
            .arg("--prefix")
            .arg(into)
            .args(["--no-save", "--no-audit", "--no-fund", "--ignore-scripts"])
            .args(NPM));
    });
    Libraries { node: node.join("node_modules"), python: Some(python_with(&PYPI)) }
}

/// The folder of a finished installation, made now if there is none. Tests may run side by side in
/// several processes: each installs into a folder of its own, and the first to finish counts.
fn installed(registry: &str, what: &str, install: impl Fn(&Path)) -> PathBuf {
    let name: String =
        what.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect();
    let shelf = Path::new(env!("CARGO_TARGET_TMPDIR")).join("receivers");
    let done = shelf.join(format!("{registry}-{name}.done"));
    if let Ok(folder) = std::fs::read_to_string(&done)
        && Path::new(&folder).is_dir()
    {
        return folder.into();
    }
    // A virtual environment cannot be moved, so the name that counts is written down instead.
    let folder = shelf.join(format!("{registry}-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("the target directory can be written");
    install(&folder);
    std::fs::write(&done, folder.to_str().expect("a UTF-8 path")).expect("as above");
    folder
}

fn run(command: &mut Command) {
    let program = PathBuf::from(command.get_program());
    let output = command.output().unwrap_or_else(|error| panic!("{}: {error}", missing(&program)));
    assert!(
        output.status.success(),
        "the Standard Webhooks libraries could not be installed (they are needed once, from npm \
         and PyPI): {command:?} said:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
}
