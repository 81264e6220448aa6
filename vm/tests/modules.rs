//! Kernel modules, with the headers and the compiler out of the mirror's packages or out
//! of the user's cache.

use hookbench_vm::cache::Cache;
use hookbench_vm::kernel::Kernel;
use hookbench_vm::kernels;
use hookbench_vm::modules::{Modules, NotBuilt};

#[test]
fn a_source_that_does_not_compile_fails_with_the_compilers_error() {
    let cache = Cache::open().unwrap();
    let kernel = Kernel::fetch(kernels::default().unwrap(), &cache, &|_| ()).unwrap();
    let sources = [("Kbuild", "obj-m := wrong.o\n"), ("wrong.c", "int wrong(void) { return nothing; }\n")];
    let error = Modules::obtain(&kernel, &sources, &cache, &|line| println!("{line}")).unwrap_err();
    let reason = error.downcast_ref::<NotBuilt>().unwrap().to_string();
    assert!(reason.contains("wrong.c:1") && reason.contains("'nothing' undeclared"), "{reason}");
    assert!(!reason.contains("part-"), "{reason}");
}
