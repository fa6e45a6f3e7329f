//! Redlines: tracked changes written into a Word document, read out of it, and proved.
