//! A row: what an event held before, and what it holds after. Items after the event are types that it needs.

/// One test a row, which holds both types to a verdict of `proof`.
macro_rules! changes {
    ($verdict:ident; $($name:ident: { $before:item $($old:item)* } => { $after:item $($new:item)* })*) => {$(
        #[test]
        fn $name() {
            mod before { side! { $before $($old)* } }
            mod after { side! { $after $($new)* } }
            crate::proof::$verdict::<before::Data, after::Data>();
        }
    )*};
}

macro_rules! side {
    ($event:item $($more:item)*) => {
        #[allow(unused_imports, reason = "each row needs some of them")]
        use super::*;

        #[derive(Serialize, Deserialize, JsonSchema, Validate, TekupEvent)]
        #[garde(allow_unvalidated)]
        #[event(type = "row.changed")]
        $event

        $(
            #[derive(Serialize, Deserialize, JsonSchema, Validate)]
            #[garde(allow_unvalidated)]
            $more
        )*
    };
}
