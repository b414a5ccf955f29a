macro_rules! committees {
    ($($name:ident: $k:literal, $p:expr, $act:ident;)*) => {
        $(overlap::overlap_system!($name: k = $k, p = $p, act = $act);)*
    };
}

committees! {
    Small: 1, 1, erf;
    Wide: 1, 3, erf;
}

fn main() {
    assert_eq!((Small::P, Wide::P), (1, 3));
}
