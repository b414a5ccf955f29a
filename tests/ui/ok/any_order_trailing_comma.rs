overlap::overlap_system!(act = erf, unroll = auto, p = 2, second_layer = fixed, k = 1,);
overlap::overlap_system! { Braces: p = 1, k = 0x1, act = erf, }
overlap::overlap_system![Brackets: p = 1, k = 1, act = erf];

fn main() {
    let names = [overlap::System::name(&ErfK1P2), overlap::System::name(&Braces), overlap::System::name(&Brackets)];
    assert_eq!(names, ["ErfK1P2", "Braces", "Brackets"]);
}
