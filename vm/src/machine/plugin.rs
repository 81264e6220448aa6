//! hookbench's plugin of QEMU, `vm/plugin`, as an argument: it says where the instructions of timed operations went.

use std::path::Path;

use super::arguments::Arguments;

/// The plugin, and what it writes of a cell.
#[derive(Debug, Clone, Copy)]
pub struct Plugin<'a> {
    /// The plugin's file.
    pub file: &'a Path,
    /// The list of the kernel's functions; see [`Symbols::list`](crate::attribution::Symbols::list).
    pub symbols: &'a Path,
    /// The file that it writes; [`windows`](crate::attribution::windows) reads it.
    pub windows: &'a Path,
    /// How many operations it leaves out: those that warm up.
    pub skip: u32,
    /// How many it writes then. It does nothing afterwards.
    pub keep: u32,
}

impl Plugin<'_> {
    pub(crate) fn arguments(&self) -> Arguments {
        let Plugin { file, symbols, windows, skip, keep } = self;
        let escape = |path: &Path| path.to_string_lossy().replace(',', ",,");
        // QEMU wants its own part first.
        let before =
            format!("file={},symbols={},skip={skip},keep={keep},windows=", escape(file), escape(symbols));
        Arguments::default().option_with_path("-plugin", &before, windows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plugin_is_one_argument_with_its_own() {
        let paths = ["/a,b/p.so", "/s,1", "/w"].map(Path::new);
        let plugin = Plugin { file: paths[0], symbols: paths[1], windows: paths[2], skip: 20, keep: 100 };
        let expected = "file=/a,,b/p.so,symbols=/s,,1,skip=20,keep=100,windows=/w";
        assert_eq!(plugin.arguments().text(), ["-plugin", expected]);
    }
}
