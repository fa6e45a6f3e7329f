//! Small PDFs written by hand, for tests.

/// A PDF in the making: numbered objects, the first three of them catalog, page tree and font.
pub(crate) struct Paper {
    objects: Vec<Vec<u8>>,
    pages: Vec<usize>,
    /// What the page tree says how many pages there are; none: the truth.
    pub(crate) claimed_pages: Option<u64>,
    /// Entries of the trailer besides the usual ones.
    pub(crate) trailer: String,
}

impl Paper {
    pub(crate) fn new() -> Self {
        let font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_vec();
        let objects = vec![Vec::new(), Vec::new(), font];
        Self { objects, pages: Vec::new(), claimed_pages: None, trailer: String::new() }
    }

    /// Pages of lines of text at 12 points, 20 points apart.
    pub(crate) fn of_lines(pages: &[&[&str]]) -> Vec<u8> {
        let mut paper = Self::new();
        for lines in pages {
            let content: Vec<String> = lines
                .iter()
                .zip(0_u16..)
                .map(|(text, at)| line(72, 700 - 20 * i32::from(at), text))
                .collect();
            paper.page(&content.join("\n"));
        }
        paper.finish()
    }

    /// Adds an object and gives its number.
    pub(crate) fn object(&mut self, body: impl Into<Vec<u8>>) -> usize {
        self.objects.push(body.into());
        self.objects.len()
    }

    /// Adds a stream with entries of its dictionary and gives its number.
    pub(crate) fn stream(&mut self, entries: &str, bytes: &[u8]) -> usize {
        let mut body = format!("<< {entries} /Length {} >>\nstream\n", bytes.len()).into_bytes();
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\nendstream");
        self.object(body)
    }

    /// Adds a letter page with a content.
    pub(crate) fn page(&mut self, content: &str) {
        let content = self.stream("", content.as_bytes());
        self.page_with("/MediaBox [0 0 612 792]", "", content);
    }

    /// Adds a page with entries of its own, things that its content names, and the number of its content.
    pub(crate) fn page_with(&mut self, entries: &str, things: &str, content: usize) {
        let page = format!(
            "<< /Type /Page /Parent 2 0 R {entries} /Contents {content} 0 R \
             /Resources << /Font << /F1 3 0 R >> /XObject << {things} >> >> >>"
        );
        let page = self.object(page);
        self.pages.push(page);
    }

    /// Replaces an object.
    pub(crate) fn replace(&mut self, number: usize, body: impl Into<Vec<u8>>) {
        self.objects[number - 1] = body.into();
    }

    /// The file.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        let kids: Vec<String> = self.pages.iter().map(|page| format!("{page} 0 R")).collect();
        let count = self.claimed_pages.unwrap_or(kids.len() as u64);
        if self.objects[0].is_empty() {
            self.replace(1, "<< /Type /Catalog /Pages 2 0 R >>");
        }
        if self.objects[1].is_empty() {
            self.replace(2, format!("<< /Type /Pages /Kids [{}] /Count {count} >>", kids.join(" ")));
        }
        let mut file = b"%PDF-1.7\n".to_vec();
        let mut places = Vec::new();
        for (at, body) in self.objects.iter().enumerate() {
            places.push(file.len());
            file.extend_from_slice(format!("{} 0 obj\n", at + 1).as_bytes());
            file.extend_from_slice(body);
            file.extend_from_slice(b"\nendobj\n");
        }
        let table = file.len();
        file.extend_from_slice(format!("xref\n0 {}\n0000000000 65535 f \n", places.len() + 1).as_bytes());
        for place in &places {
            file.extend_from_slice(format!("{place:010} 00000 n \n").as_bytes());
        }
        let size = places.len() + 1;
        let trailer =
            format!("trailer\n<< /Size {size} /Root 1 0 R {} >>\nstartxref\n{table}\n%%EOF\n", self.trailer);
        file.extend_from_slice(trailer.as_bytes());
        file
    }
}

/// A line of text at a place, 12 points high.
pub(crate) fn line(x: i32, y: i32, text: &str) -> String {
    sized(12.0, x, y, text)
}

/// A line of text of a size.
pub(crate) fn sized(points: f32, x: i32, y: i32, text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('(', "\\(").replace(')', "\\)");
    format!("BT /F1 {points} Tf {x} {y} Td ({text}) Tj ET")
}

/// Bytes packed by the run-length filter: as many times one byte.
pub(crate) fn runs(byte: u8, times: usize) -> Vec<u8> {
    let mut packed = Vec::new();
    let mut left = times;
    while left > 1 {
        let run = left.min(128);
        packed.extend_from_slice(&[u8::try_from(257 - run).unwrap(), byte]);
        left -= run;
    }
    packed.push(128);
    packed
}
