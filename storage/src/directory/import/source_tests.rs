//! Files as people have them: compressed or not, with byte-order marks, semicolons and broken rows.

use std::io::{Cursor, Write};

use super::*;

/// Line of the file, and the name found there or the reason why not.
type Named = (u64, Result<String, String>);

fn rows(bytes: &[u8], pairs: &[(&str, &str)]) -> Result<Vec<Named>, ImportError> {
    let pairs: Vec<_> = pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    let mut mapping = Mapping::new(&pairs, &[])?;
    let mut rows = Rows::open(Cursor::new(bytes.to_vec()), None, None, &mut mapping)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next(&mut mapping)? {
        let name =
            |mut fields: Fields| fields.take(Field::Name).map_or(String::new(), |name| name.to_string());
        found.push((row.line, row.fields.map(name)));
    }
    Ok(found)
}

fn names(bytes: &[u8]) -> Vec<String> {
    rows(bytes, &[]).unwrap().into_iter().map(|(_, name)| name.unwrap().replace('"', "")).collect()
}

#[test]
fn the_same_rows_come_from_every_wrapping() {
    let jsonl = b"{\"name\":\"A\"}\n\n{\"name\":\"B\"}".to_vec();
    let csv = b"name;country\r\nA;DE\r\nB;FR\r\n".to_vec();
    for plain in [jsonl, csv] {
        let mut marked = b"\xef\xbb\xbf".to_vec();
        marked.extend_from_slice(&plain);
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(&marked).unwrap();
        let zst = zstd::encode_all(plain.as_slice(), 1).unwrap();
        for file in [plain, marked, gz.finish().unwrap(), zst] {
            assert_eq!(names(&file), ["A", "B"]);
        }
    }
}

#[test]
fn separators_are_told_by_the_header() {
    for file in ["name,city\nA,B", "name;city\nA;B", "name\tcity\nA\tB", "city|name\nB|A", "name\nA"] {
        assert_eq!(names(file.as_bytes()), ["A"], "{file:?}");
    }
}

#[test]
fn bad_rows_keep_their_line_and_the_rest_goes_on() {
    let found = rows(b"{\"name\":\"A\"}\n{\"name\":\n[1]\n\xff\xfe\n\n{\"name\":\"B\"}\n", &[]).unwrap();
    let bad: Vec<_> =
        found.iter().filter_map(|(line, row)| Some((*line, row.as_ref().err()?.as_str()))).collect();
    assert_eq!(bad.len(), 3, "{bad:?}");
    assert_eq!(bad[0].0, 2);
    assert!(bad[0].1.starts_with("bad JSON: "), "{bad:?}");
    assert_eq!(bad[1], (3, "the row is not a JSON object"));
    assert_eq!(bad[2], (4, "the row is not UTF-8"));
    assert_eq!(found.last().unwrap().0, 6);
}

#[test]
fn a_quoted_cell_may_span_lines_and_short_rows_are_told() {
    let found = rows(b"name,city\n\"A\nB\",C\nD\nE,F\n", &[]).unwrap();
    assert_eq!(found[0].0, 2);
    assert_eq!(found[1], (4, Err("the row has 1 cells, the header 2".to_owned())));
    assert_eq!(found[2], (5, Ok("\"E\"".to_owned())));
}

#[test]
fn an_overlong_line_is_bad_and_the_next_is_read() {
    let long = format!("{{\"name\":\"{}\"}}\n{{\"name\":\"B\"}}\n", "x".repeat(3 << 20));
    let found = rows(long.as_bytes(), &[]).unwrap();
    assert_eq!(found[0], (1, Err("the row is longer than 1024 KiB".to_owned())));
    assert_eq!(found[1], (2, Ok("\"B\"".to_owned())));
}

#[test]
fn an_unclosed_quote_ends_with_its_line_instead_of_the_memory() {
    let file = format!("name\nA\n\"B\n{}", "x\n".repeat(20 << 20));
    let error = rows(file.as_bytes(), &[]).unwrap_err().to_string();
    assert!(error.contains("line 3") && error.contains("not closed"), "{error}");
}

#[test]
fn what_is_not_a_table_is_refused_as_a_whole() {
    for (file, said) in [
        (&b"[{\"name\":\"A\"}]"[..], "one JSON list"),
        (&b"\xff\xfen\0a\0"[..], "UTF-16"),
        (&b"PK\x03\x04\0\0"[..], "neither JSONL nor CSV"),
        (&b"firm,city\nA,B\n"[..], "no column `name`"),
    ] {
        let error = rows(file, &[]).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
    let error = rows(b"name\nA\n", &[("firm", "name")]).unwrap_err().to_string();
    assert!(error.contains("no column `firm`"), "{error}");
    assert_eq!(rows(b"firm,city\nA,B\n", &[("Firm", "name")]).unwrap()[0].1, Ok("\"A\"".to_owned()));
    assert!(rows(b"", &[]).unwrap().is_empty());
}

#[test]
fn a_cut_archive_is_an_error_not_a_short_file() {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for n in 0..20_000 {
        writeln!(gz, "{{\"name\":\"Company {n}\"}}").unwrap();
    }
    let whole = gz.finish().unwrap();
    let error = rows(&whole[..whole.len() / 2], &[]).unwrap_err().to_string();
    assert!(error.contains("cannot read"), "{error}");
}
