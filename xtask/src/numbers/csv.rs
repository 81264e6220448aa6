//! Reads `results.csv` back: quoted fields, doubled quotes, one record per row.
//! xtask depends on no crate, so it has this reader instead of the crate `csv`.

/// The columns by which two runs recognize the same cell.
const IDENTITY: [&str; 9] =
    ["kernel", "boot", "target", "workload", "params", "monitor", "tuning", "schedule", "clock"];

/// A results file: the names of its columns, and its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    columns: Vec<String>,
    /// Each row is as long as `columns`.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// Reads `text`; the error says which line is not CSV.
    pub(super) fn read(text: &str) -> Result<Table, String> {
        let mut records = records(text)?.into_iter();
        let columns = records.next().ok_or("the file is empty")?;
        let rows: Vec<Vec<String>> = records.collect();
        for (row, number) in rows.iter().zip(2..) {
            if row.len() != columns.len() {
                return Err(format!("record {number} has {} fields, not {}", row.len(), columns.len()));
            }
        }
        Ok(Table { columns, rows })
    }

    /// The field of `row` under `column`; empty when there is no such column.
    pub(super) fn field<'a>(&self, row: &'a [String], column: &str) -> &'a str {
        let place = self.columns.iter().position(|name| name == column);
        place.and_then(|place| row.get(place)).map_or("", String::as_str)
    }

    /// The names of the columns, in the file's order.
    pub(super) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The cell that `row` belongs to: `6.1 lean tcg execve-noop none paced`.
    pub(super) fn cell(&self, row: &[String]) -> String {
        let fields = IDENTITY.map(|column| self.field(row, column));
        let fields: Vec<&str> = fields.into_iter().filter(|field| !field.is_empty()).collect();
        fields.join(" ")
    }
}

/// The records of `text`, without empty lines.
fn records(text: &str) -> Result<Vec<Vec<String>>, String> {
    let (mut records, mut record, mut field) = (Vec::new(), Vec::new(), String::new());
    let mut quoted = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.next_if_eq(&'"').is_some() => field.push('"'),
            '"' if quoted => quoted = false,
            '"' if field.is_empty() => quoted = true,
            '\n' if !quoted => {
                record.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut record));
            }
            ',' if !quoted => record.push(std::mem::take(&mut field)),
            '\r' if !quoted => {}
            other => field.push(other),
        }
    }
    if quoted {
        return Err("a quoted field has no end".into());
    }
    if !field.is_empty() || !record.is_empty() {
        record.push(field);
        records.push(record);
    }
    Ok(records.into_iter().filter(|record| record.as_slice() != [""]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_fields_keep_their_commas_quotes_and_line_ends() {
        let table = Table::read("a,b\n\"1,\"\"2\"\"\",x\n\"two\nlines\",\n").unwrap();
        assert_eq!(table.rows, [["1,\"2\"", "x"], ["two\nlines", ""]]);
        assert_eq!(table.field(&table.rows[0], "b"), "x");
        assert_eq!(table.field(&table.rows[0], "c"), "");
    }

    #[test]
    fn a_truncated_file_is_an_error() {
        assert!(Table::read("").is_err());
        assert!(Table::read("a,b\n1\n").unwrap_err().contains("record 2"));
        assert!(Table::read("a,b\n\"1,2\n").unwrap_err().contains("no end"));
        assert_eq!(Table::read("a,b\n1,2").unwrap().rows, [["1", "2"]]);
    }

    #[test]
    fn a_cell_is_named_by_what_identifies_it() {
        let text = "kernel,workload,monitor,outcome,p50\n6.1,null-syscall,none,measured,245\n";
        let table = Table::read(text).unwrap();
        assert_eq!(table.cell(&table.rows[0]), "6.1 null-syscall none");
    }
}
