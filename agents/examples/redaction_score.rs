//! Scores the text scanner on labelled lines: `redaction_score FILE.jsonl… [--sure] [--show]`.
//!
//! A line is `{"text", "spans": [{"entity", "start", "end"}]}`, or `{"text", "label": 0 | 1}` for secrets; a line with
//! `"judge": [entity]` counts those kinds only. Other files are read as plain text: findings per 100 kB and MB/s.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Instant;

use agents::guardrail::{DEFAULT_THRESHOLD, Family, Finding, possible, scan};
use serde_json::Value;

/// Kinds with a structure of their own, which need no model; the others are not counted on whole sentences.
const STRUCTURED: [&str; 8] = [
    "CREDIT_CARD",
    "EMAIL_ADDRESS",
    "IBAN_CODE",
    "IP_ADDRESS",
    "PHONE_NUMBER",
    "URL",
    "US_DRIVER_LICENSE",
    "US_SSN",
];

struct Options {
    files: Vec<String>,
    /// Only what `scan` is sure of, as texts are redacted; else what `dealdesk redact` prints.
    is_sure: bool,
    show: bool,
}

#[derive(Default, Clone, Copy)]
struct Count {
    gold: usize,
    right: usize,
    found: usize,
}

#[derive(Default)]
struct Score {
    by_entity: BTreeMap<String, Count>,
    gold_chars: usize,
    masked_chars: usize,
    clean_lines: usize,
    flagged_clean_lines: usize,
    secret_lines: usize,
    found_secret_lines: usize,
}

fn main() -> anyhow::Result<()> {
    let options = options(std::env::args().skip(1))?;
    let mut out = io::stdout().lock();
    for file in &options.files {
        let text = std::fs::read_to_string(file)?;
        writeln!(out, "== {file}")?;
        if file.ends_with(".jsonl") {
            let mut score = Score::default();
            for line in text.lines() {
                add(&mut score, &serde_json::from_str(line)?, &options, &mut out)?;
            }
            print(&score, &mut out)?;
        } else {
            measure(&text, &options, &mut out)?;
        }
    }
    Ok(())
}

fn options(arguments: impl Iterator<Item = String>) -> anyhow::Result<Options> {
    let mut options = Options { files: Vec::new(), is_sure: false, show: false };
    for argument in arguments {
        match argument.as_str() {
            "--sure" => options.is_sure = true,
            "--show" => options.show = true,
            _ => options.files.push(argument),
        }
    }
    Ok(options)
}

fn add(score: &mut Score, line: &Value, options: &Options, out: &mut impl Write) -> io::Result<()> {
    let text = line["text"].as_str().unwrap_or_default();
    let mut findings = if options.is_sure { scan(text) } else { possible(text) };
    findings.retain(|finding| !options.is_sure || finding.score >= DEFAULT_THRESHOLD);
    if let Some(label) = line["label"].as_i64() {
        return add_secret(score, (text, label == 1), &findings, options, out);
    }
    let judged: Vec<&str> =
        line["judge"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let counts = |entity: &str| {
        if judged.is_empty() { STRUCTURED.contains(&entity) } else { judged.contains(&entity) }
    };
    let gold: Vec<(&str, usize, usize)> =
        line["spans"].as_array().into_iter().flatten().map(span).filter(|s| counts(s.0)).collect();
    let found: Vec<(&str, usize, usize)> =
        findings.iter().filter(|f| counts(f.entity)).map(|f| (f.entity, f.start, f.end)).collect();
    for span in &gold {
        let count = score.by_entity.entry(span.0.to_owned()).or_default();
        count.gold += 1;
        let is_right = found.contains(span);
        count.right += usize::from(is_right);
        let is_masked = |at: &usize| findings.iter().any(|f| (f.start..f.end).contains(at));
        score.gold_chars += span.2 - span.1;
        score.masked_chars += (span.1..span.2).filter(is_masked).count();
        if options.show && !is_right {
            writeln!(out, "MISSED {span:?} {:?} {}", excerpt(text, span.1, span.2), brief(&findings, span))?;
        }
    }
    for span in &found {
        score.by_entity.entry(span.0.to_owned()).or_default().found += 1;
        if options.show && !gold.contains(span) {
            writeln!(out, "EXTRA  {span:?} {:?}", excerpt(text, span.1, span.2))?;
        }
    }
    score.clean_lines += usize::from(gold.is_empty());
    score.flagged_clean_lines += usize::from(gold.is_empty() && !found.is_empty());
    Ok(())
}

fn add_secret(
    score: &mut Score,
    (text, is_secret): (&str, bool),
    findings: &[Finding],
    options: &Options,
    out: &mut impl Write,
) -> io::Result<()> {
    let secrets: Vec<&Finding> = findings.iter().filter(|f| f.family == Family::Secret).collect();
    let (lines, flagged) = if is_secret {
        (&mut score.secret_lines, &mut score.found_secret_lines)
    } else {
        (&mut score.clean_lines, &mut score.flagged_clean_lines)
    };
    *lines += 1;
    *flagged += usize::from(!secrets.is_empty());
    if options.show && secrets.is_empty() == is_secret {
        let names: Vec<_> = secrets.iter().map(|f| (f.entity, f.score)).collect();
        writeln!(
            out,
            "{} {:?} {names:?}",
            if is_secret { "MISSED" } else { "EXTRA " },
            excerpt(text, 0, 120)
        )?;
    }
    Ok(())
}

fn span(value: &Value) -> (&str, usize, usize) {
    let entity = match value["entity"].as_str().unwrap_or_default() {
        "DOMAIN_NAME" => "URL",
        other => other,
    };
    let number = |name: &str| value[name].as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or_default();
    (entity, number("start"), number("end"))
}

fn excerpt(text: &str, start: usize, end: usize) -> String {
    let from = start.saturating_sub(25);
    text.chars().skip(from).take(end - from + 12).collect()
}

fn brief(findings: &[Finding], span: &(&str, usize, usize)) -> String {
    let over = findings.iter().filter(|f| f.start < span.2 && span.1 < f.end);
    over.map(|f| format!("{} {}..{} {:.2} ", f.entity, f.start, f.end, f.score)).collect()
}

fn print(score: &Score, out: &mut impl Write) -> io::Result<()> {
    let mut total = Count::default();
    for (entity, count) in &score.by_entity {
        writeln!(out, "{entity:28} {}", figures(*count))?;
        total.gold += count.gold;
        total.right += count.right;
        total.found += count.found;
    }
    writeln!(out, "{:28} {}", "TOTAL", figures(total))?;
    writeln!(
        out,
        "characters of labelled spans masked by anything {}/{}",
        score.masked_chars, score.gold_chars
    )?;
    writeln!(out, "lines without labels flagged {}/{}", score.flagged_clean_lines, score.clean_lines)?;
    writeln!(out, "secrets found {}/{}", score.found_secret_lines, score.secret_lines)
}

fn figures(count: Count) -> String {
    let share = |part: usize, whole: usize| if whole == 0 { 1.0 } else { part as f64 / whole as f64 };
    format!(
        "gold {:4} found {:4} exact recall {:.3} exact precision {:.3}",
        count.gold,
        count.found,
        share(count.right, count.gold),
        share(count.right, count.found)
    )
}

fn measure(text: &str, options: &Options, out: &mut impl Write) -> io::Result<()> {
    // The first call compiles the patterns.
    scan("warm up 1");
    let begun = Instant::now();
    let mut findings: Vec<(&str, Finding)> = Vec::new();
    for chunk in text.split('\u{C}') {
        findings.extend(scan(chunk).into_iter().map(|finding| (chunk, finding)));
    }
    let seconds = begun.elapsed().as_secs_f64();
    findings.retain(|(_, finding)| finding.score >= DEFAULT_THRESHOLD);
    let mut by_entity: BTreeMap<(&str, bool), usize> = BTreeMap::new();
    for (chunk, finding) in &findings {
        *by_entity.entry((finding.entity, finding.family == Family::Secret)).or_default() += 1;
        if options.show {
            writeln!(
                out,
                "{} {:.2} {:?}",
                finding.entity,
                finding.score,
                excerpt(chunk, finding.start, finding.end)
            )?;
        }
    }
    for ((entity, is_secret), count) in &by_entity {
        let rate = *count as f64 * 100_000.0 / text.len() as f64;
        writeln!(
            out,
            "{entity:28} {count:6} {rate:8.3} in 100 kB{}",
            if *is_secret { " SECRET" } else { "" }
        )?;
    }
    writeln!(out, "{} bytes in {seconds:.3} s: {:.1} MB/s", text.len(), text.len() as f64 / 1e6 / seconds)
}
