//! The contracts of a server: the six embedded ones, and an operator's own files after them.

use std::path::{Path, PathBuf};

use posthorn_core::contract::{Contract, Fault, embedded};

/// Contract files that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ContractsError {
    /// The directory or a file cannot be read.
    #[error("cannot read contracts from {}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// There is no contract in the directory.
    #[error("there is no `*.toml` in {}; `--contracts` names a directory of contract files", path.display())]
    None {
        /// The directory.
        path: PathBuf,
    },
    /// Two files have a contract of the same name.
    #[error("{} and {} both have a contract `{name}`; take one of them away", first.display(), second.display())]
    Twice {
        /// One.
        first: PathBuf,
        /// The other.
        second: PathBuf,
        /// The name.
        name: String,
    },
    /// A file has faults.
    #[error("{}; `posthorn contract lint FILE` shows the same", listed(faults))]
    Faulty {
        /// All that is wrong with it.
        faults: Vec<Fault>,
    },
}

fn listed(faults: &[Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// The embedded contracts, and those of `dir` after them, by file name.
pub(crate) fn all(dir: Option<&Path>) -> Result<Vec<Contract>, ContractsError> {
    let mut contracts: Vec<Contract> = embedded().iter().map(|one| (**one).clone()).collect();
    let Some(dir) = dir else { return Ok(contracts) };
    let failed = |source| ContractsError::Io { path: dir.to_owned(), source };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    if paths.is_empty() {
        return Err(ContractsError::None { path: dir.to_owned() });
    }
    let mut own: Vec<(Contract, PathBuf)> = Vec::new();
    for second in paths {
        let contract = one(&second)?;
        if let Some((_, first)) = own.iter().find(|(other, _)| other.name == contract.name) {
            let (first, name) = (first.clone(), contract.name);
            return Err(ContractsError::Twice { first, second, name });
        }
        own.push((contract, second));
    }
    contracts.extend(own.into_iter().map(|(contract, _)| contract));
    Ok(contracts)
}

/// One contract file, read and proved by its own vectors.
pub(crate) fn one(path: &Path) -> Result<Contract, ContractsError> {
    let failed = |source| ContractsError::Io { path: path.to_owned(), source };
    let source = std::fs::read_to_string(path).map_err(failed)?;
    let contract = Contract::parse(&path.display().to_string(), &source)
        .map_err(|faults| ContractsError::Faulty { faults })?;
    let faults = contract.prove();
    if faults.is_empty() { Ok(contract) } else { Err(ContractsError::Faulty { faults }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_directory_the_six_embedded_contracts_are_there() {
        let names: Vec<_> = all(None).unwrap().into_iter().map(|one| one.name).collect();
        assert_eq!(
            names,
            ["techcorp", "payqi", "sentinelgate", "krxscale", "pagtracker", "standard"]
        );
    }

    #[test]
    fn an_operators_file_stands_after_them_and_a_faulty_one_is_told_by_line() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(all(Some(dir.path())), Err(ContractsError::None { .. })));
        let own = embedded()[1].source.replace("\"payqi\"", "\"acme\"");
        std::fs::write(dir.path().join("acme.toml"), &own).unwrap();
        let contracts = all(Some(dir.path())).unwrap();
        assert_eq!(contracts.last().unwrap().name, "acme");
        std::fs::write(dir.path().join("again.toml"), &own).unwrap();
        let error = all(Some(dir.path())).err().unwrap().to_string();
        assert!(error.contains("acme.toml and ") && error.contains("again.toml both"), "{error}");
        std::fs::remove_file(dir.path().join("again.toml")).unwrap();
        std::fs::write(dir.path().join("acme.toml"), own.replace("$type", "$tpye")).unwrap();
        let error = all(Some(dir.path())).err().unwrap().to_string();
        assert!(error.contains("acme.toml:") && error.contains("$type"), "{error}");
    }
}
