//! The contracts of yesterday, in files beside the code: what a change is checked against before it is merged.
//!
//! One file for each version of each event, `<type>/<version>.json`, written by [`Lock::update`] alone. A file is kept when
//! the next version comes, for events of it may still be stored. For the same reason a version whose data has changed is not
//! overwritten: it gets a new version, or [`Lock::amend`] where nobody has ever written it.

mod file;
mod report;

use std::path::{Path, PathBuf};

use tekup_core::{Error, ErrorKind, Result};

pub use file::text;
pub use report::{Note, Report};

use crate::{Contract, Mode, Registry, compatibility};

/// A folder of locked contracts.
///
/// ```
/// use tekup_contracts::{Lock, Mode, Registry};
/// use tekup_events_crm as crm;
///
/// let folder = tempfile::tempdir()?;
/// let lock = Lock::at(folder.path().join("schemas"));
/// let registry = Registry::of([("crm", crm::descriptors().to_vec())])?;
///
/// assert_eq!(lock.update(&registry, Mode::default())?.len(), 3);
/// let report = lock.check(&registry, Mode::default())?;
/// assert!(report.findings.is_empty() && report.notes.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Lock(PathBuf);

/// The most files that are read: far more than any program has events.
const MOST_FILES: usize = 20_000;

impl Lock {
    /// The folder at this path; it need not be there before the first [`Lock::update`].
    ///
    /// ```
    /// use tekup_contracts::Lock;
    /// assert_eq!(Lock::at("schemas").path(), std::path::Path::new("schemas"));
    /// ```
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Where it is.
    ///
    /// See [`Lock::at`] for an example.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// All locked contracts, by type and then version.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if there are none, or there is no such folder: what is held to nothing would always pass.
    /// [`ErrorKind::InvalidInput`] with every file that is not as [`Lock::update`] wrote it, [`ErrorKind::Unavailable`] if
    /// one can't be read.
    ///
    /// ```
    /// use tekup_contracts::Lock;
    /// use tekup_core::ErrorKind;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let error = Lock::at(folder.path().join("nothing")).contracts().unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::NotFound);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn contracts(&self) -> Result<Vec<Contract>> {
        let files = self.files()?;
        if files.is_empty() {
            let folder = self.0.display();
            let message =
                format!("no event is locked in `{folder}`: run `tekup schema lock`, or name the folder of the lock");
            return Err(Error::new(ErrorKind::NotFound, message));
        }
        read(&files)
    }

    /// What a program's events break of what is locked.
    ///
    /// # Errors
    /// As [`Lock::contracts`], and [`ErrorKind::InvalidInput`] if a schema can't be understood.
    ///
    /// See [`Lock`] for an example.
    pub fn check(&self, registry: &Registry, mode: Mode) -> Result<Report> {
        compare(&self.contracts()?, registry, mode)
    }

    /// Writes what is new or is described otherwise, and answers the files; other versions of an event stay.
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`] with all that breaks and every locked version whose data has changed: nothing is written
    /// then. Else as [`Lock::check`], but there need not be a folder; [`ErrorKind::Unavailable`] if a file can't be written.
    ///
    /// See [`Lock`] for an example.
    pub fn update(&self, registry: &Registry, mode: Mode) -> Result<Vec<PathBuf>> {
        self.write(registry, mode, false)
    }

    /// As [`Lock::update`], and overwrites locked versions whose data has changed. Only for versions that were never
    /// deployed: events of the old data that are stored are not known to any check any more. What breaks is refused here too.
    ///
    /// # Errors
    /// As [`Lock::update`], without those versions.
    ///
    /// ```
    /// use schemars::JsonSchema;
    /// use serde::{Deserialize, Serialize};
    /// use tekup_contracts::{Lock, Mode, Registry};
    /// use tekup_core::TekupEvent;
    ///
    /// #[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
    /// #[event(type = "lead.created")]
    /// struct Draft {
    ///     lead_id: String,
    /// }
    ///
    /// #[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
    /// #[event(type = "lead.created")]
    /// struct LeadCreated {
    ///     lead_id: String,
    ///     source: Option<String>,
    /// }
    ///
    /// let folder = tempfile::tempdir()?;
    /// let lock = Lock::at(folder.path().join("schemas"));
    /// lock.update(&Registry::of([("crm", vec![Draft::descriptor()])])?, Mode::default())?;
    ///
    /// let registry = Registry::of([("crm", vec![LeadCreated::descriptor()])])?;
    /// let error = lock.update(&registry, Mode::default()).unwrap_err();
    /// assert!(error.to_string().starts_with("`lead.created` 1.0.0 has changed since it was locked"));
    /// assert_eq!(lock.amend(&registry, Mode::default())?.len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn amend(&self, registry: &Registry, mode: Mode) -> Result<Vec<PathBuf>> {
        self.write(registry, mode, true)
    }

    fn write(&self, registry: &Registry, mode: Mode, amends: bool) -> Result<Vec<PathBuf>> {
        let locked = read(&self.files()?)?;
        let refused = compare(&locked, registry, mode)?.refused(amends);
        if !refused.is_empty() {
            return Err(Error::from_problems(ErrorKind::Incompatible, refused));
        }
        let locked: Vec<String> = locked.iter().map(Contract::fingerprint).collect();
        let is_new = |contract: &&Contract| !locked.contains(&contract.fingerprint());
        registry.contracts().filter(is_new).map(|contract| file::write(&self.0, contract)).collect()
    }

    /// All files that may be locked contracts, in the order of their names.
    fn files(&self) -> Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for folder in entries(&self.0)?.into_iter().filter(|path| path.is_dir()) {
            files.extend(entries(&folder)?.into_iter().filter(|path| may_be_a_contract(path)));
            if files.len() > MOST_FILES {
                let message =
                    format!("`{}` holds more than {MOST_FILES} files: name the folder of the lock", self.0.display());
                return Err(Error::new(ErrorKind::TooLarge, message));
            }
        }
        Ok(files)
    }
}

fn may_be_a_contract(path: &Path) -> bool {
    path.extension().is_some_and(|of| of == "json") && !path.is_dir()
}

fn read(files: &[PathBuf]) -> Result<Vec<Contract>> {
    let (mut contracts, mut mistakes) = (Vec::new(), Vec::new());
    for path in files {
        match file::read(path)? {
            Ok(contract) => contracts.push(contract),
            Err(mistake) => mistakes.push(mistake),
        }
    }
    if !mistakes.is_empty() {
        return Err(Error::from_problems(ErrorKind::InvalidInput, mistakes));
    }
    contracts.sort_by(|a, b| (a.event_type.as_str(), &a.version).cmp(&(b.event_type.as_str(), &b.version)));
    Ok(contracts)
}

fn compare(locked: &[Contract], registry: &Registry, mode: Mode) -> Result<Report> {
    let mut report = Report::default();
    for contract in registry.contracts() {
        let of_type = |locked: &&Contract| locked.event_type == contract.event_type;
        let before = || locked.iter().filter(of_type).filter(|locked| locked.version <= contract.version);
        let findings = compatibility::check(before(), contract, mode)?;
        if findings.is_empty() {
            report.notes.extend(report::note(before(), contract)?);
        }
        report.findings.extend(findings);
    }
    report.notes.extend(locked.iter().filter_map(|locked| report::gone(locked, registry)));
    report.notes.dedup();
    Ok(report)
}

/// None, if the folder is not there.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let unreadable = |cause| file::unavailable(folder, "read", cause);
    let found = match std::fs::read_dir(folder) {
        Ok(found) => found,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let mut entries = Vec::new();
    for entry in found {
        entries.push(entry.map_err(unreadable)?.path());
    }
    entries.sort_unstable();
    Ok(entries)
}
