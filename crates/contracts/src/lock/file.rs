//! One locked contract as a file.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value, json};
use tekup_core::{Error, ErrorKind, Result};

use crate::{Contract, canonical::pretty};

/// The largest file that is read.
const LARGEST: u64 = 4 << 20;

pub(super) fn write(folder: &Path, contract: &Contract) -> Result<PathBuf> {
    let path = path_of(folder, contract);
    let write = || {
        fs::create_dir_all(folder.join(contract.event_type.as_str()))?;
        // Complete or not at all: a file that is cut is one that was changed by hand.
        let beside = path.with_extension("new");
        fs::write(&beside, text(contract))?;
        fs::rename(&beside, &path)
    };
    write().map_err(|cause| unavailable(&path, "written", cause))?;
    Ok(path)
}

/// The inner error is a mistake of the file.
pub(super) fn read(path: &Path) -> Result<Result<Contract, String>> {
    let unreadable = |cause| unavailable(path, "read", cause);
    let length = fs::metadata(path).map_err(unreadable)?.len();
    if length > LARGEST {
        return Ok(Err(format!("`{}` has {length} bytes, and no contract has more than {LARGEST}", path.display())));
    }
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::InvalidData => return Ok(Err(changed(path, "it is no UTF-8"))),
        read => read.map_err(unreadable)?,
    };
    Ok(parse(&text).and_then(|contract| is_as_written(path, &text, contract)).map_err(|told| changed(path, &told)))
}

fn parse(text: &str) -> Result<Contract, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| format!("it is no JSON: {error}"))?;
    let object = value.as_object().ok_or("it is no object")?;
    Ok(Contract {
        domain: word(object, "domain")?.into(),
        event_type: word(object, "type")?.parse().map_err(|error: Error| error.to_string())?,
        version: word(object, "version")?.parse().map_err(|error: Error| error.to_string())?,
        priority: word(object, "priority")?.parse().map_err(|error: Error| error.to_string())?,
        audit: object.get("audit").is_some_and(|audit| audit == true),
        reads: object.get("reads").ok_or("`reads` is missing")?.clone(),
        writes: object.get("writes").ok_or("`writes` is missing")?.clone(),
    })
}

fn word<'a>(object: &'a Map<String, Value>, name: &str) -> Result<&'a str, String> {
    object.get(name).and_then(Value::as_str).ok_or_else(|| format!("`{name}` is no text"))
}

fn is_as_written(path: &Path, text: &str, contract: Contract) -> Result<Contract, String> {
    if text != self::text(&contract) {
        return Err("it is not as the lock writes it".into());
    }
    let stands_right = path.parent().and_then(Path::parent).is_some_and(|folder| path_of(folder, &contract) == path);
    if stands_right { Ok(contract) } else { Err("its name is not that of its event and version".into()) }
}

/// A contract as its file holds it.
///
/// ```
/// use tekup_contracts::{Registry, lock};
/// use tekup_events_crm as crm;
///
/// let registry = Registry::of([("crm", crm::descriptors().to_vec())])?;
/// for contract in registry.contracts() {
///     assert!(lock::text(contract).starts_with("{\n  \"domain\": \"crm\",\n  \"fingerprint\": "));
/// }
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[must_use]
pub fn text(contract: &Contract) -> String {
    let mut file = json!({
        "domain": contract.domain,
        "fingerprint": contract.fingerprint(),
        "priority": contract.priority.as_str(),
        "reads": contract.reads,
        "type": contract.event_type.as_str(),
        "version": contract.version.to_string(),
        "writes": contract.writes,
    });
    if contract.audit {
        file["audit"] = true.into();
    }
    pretty(&file)
}

fn path_of(folder: &Path, contract: &Contract) -> PathBuf {
    folder.join(contract.event_type.as_str()).join(format!("{}.json", contract.version))
}

fn changed(path: &Path, told: &str) -> String {
    format!(
        "`{}` was changed by hand ({told}): take it back from version control, and let `schema lock` write it",
        path.display()
    )
}

/// Whoever prints it prints the cause with it, as its source.
pub(super) fn unavailable(path: &Path, what: &str, cause: io::Error) -> Error {
    Error::new(ErrorKind::Unavailable, format!("`{}` can't be {what}", path.display())).with_source(cause)
}
