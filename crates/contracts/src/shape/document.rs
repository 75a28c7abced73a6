use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};
use tekup_core::{Error, ErrorKind, Result};

use super::{Shape, read::Reader};

/// A whole schema: the root, and the definitions that it refers to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Document {
    pub(crate) root: Shape,
    definitions: BTreeMap<String, Shape>,
}

/// What a type that holds itself calls the whole schema.
pub(crate) const ROOT: &str = "#";

/// The most definitions, and the deepest nesting, that are read.
const MOST_DEFINITIONS: usize = 1_000;

impl Document {
    /// # Errors
    /// [`ErrorKind::InvalidInput`] with the place of each mistake: a reference that leaves the document or leads nowhere,
    /// nesting without end, a keyword with a value that it can't have.
    pub(crate) fn read(schema: &Value) -> Result<Self> {
        let nothing = Map::new();
        let definitions = schema.get("$defs").and_then(Value::as_object).unwrap_or(&nothing);
        if definitions.len() > MOST_DEFINITIONS {
            let message = format!("schema has {} definitions, {MOST_DEFINITIONS} are read", definitions.len());
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        let mut reader = Reader::new(schema, definitions);
        if definitions.contains_key(ROOT) {
            reader.mistake(
                "/$defs",
                &format!("has a definition called `{ROOT}`, which is the name of the whole: call it otherwise"),
            );
        }
        let root = reader.shape(schema, "");
        let named = definitions.iter().map(|(name, definition)| {
            let place = format!("/$defs/{name}");
            (name.clone(), reader.shape(definition, &place))
        });
        let definitions = named.collect();
        reader.finish().map(|()| Self { root, definitions })
    }

    /// What a reference leads to; a name that leads nowhere was refused when the document was read.
    pub(crate) fn named(&self, name: &str) -> &Shape {
        if name == ROOT {
            return &self.root;
        }
        self.definitions.get(name).unwrap_or(&Shape::Never)
    }
}

/// The definition that a reference names, or [`ROOT`], if it stays in its document.
pub(crate) fn definition_of(reference: &str) -> Option<String> {
    if reference == ROOT {
        return Some(ROOT.into());
    }
    let name = percent_decode_str(reference.strip_prefix("#/$defs/")?).decode_utf8().ok()?;
    Some(name.replace("~1", "/").replace("~0", "~"))
}
