//! Pleasant tests for event code.
