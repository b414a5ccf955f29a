//! The randomness of a block of samples, drawn ahead.

use super::sum_of_lanes;
use crate::lanes::Simd;
use crate::lanes::aligned::Aligned;
use crate::sgd::normals::{Chi, DRAW, LANES, Normals};
use crate::sgd::reduced::Chain;

/// A block that begins.
pub(super) struct Block<'a> {
    /// The step of its first sample.
    pub(super) step: u64,
    /// Directions it opens.
    pub(super) directions: usize,
    /// The lengths of inputs beyond the coordinates, eight samples each.
    pub(super) chi: &'a mut [Chi],
}

/// The randomness of a block.
#[derive(Clone)]
pub(super) struct Draws {
    /// Numbers in a row: coordinates, padded.
    stride: usize,
    /// z, a row for each sample. Sample j opens a direction: χ beside the coordinates it has, zeros behind.
    pub(super) z: Aligned,
    /// ζ, then the label y.
    pub(super) labels: Vec<f64>,
    /// √Δ of each sample.
    noise: Vec<f64>,
    /// z of the teachers' coordinates, a row for each coordinate.
    teacher: Vec<f64>,
    /// z·z' of each sample with the one before.
    pub(super) products: Vec<f64>,
    /// 0, 1, 2, ...
    numbers: Vec<f64>,
}

impl Draws {
    pub(super) fn new(block: usize, coordinates: usize, k: usize) -> Self {
        let (samples, stride) = (block.next_multiple_of(DRAW), coordinates.next_multiple_of(DRAW));
        Draws {
            stride,
            z: Aligned::zeros(block * stride),
            labels: vec![0.0; samples],
            noise: vec![0.0; samples],
            teacher: vec![0.0; k * samples],
            products: vec![0.0; block],
            numbers: (0..stride).map(|number| number as f64).collect(),
        }
    }

    /// z of a sample.
    #[inline(always)]
    pub(super) fn of(&self, sample: usize) -> &[f64] {
        &self.z[sample * self.stride..(sample + 1) * self.stride]
    }

    /// Draws a block: coordinates, lengths, labels (with the noise of each step), products.
    #[inline(always)]
    pub(super) fn fill<S: Simd>(&mut self, s: S, chain: &Chain, normals: &mut Normals, block: Block<'_>) {
        let setting = &chain.setting;
        let (k, n, batch) = (setting.shape.k, setting.shape.nodes(), setting.batch);
        let Draws { stride, z, labels, noise, teacher, products, numbers } = self;
        let (samples, z) = (labels.len(), &mut **z);
        for (eight, rows) in z.chunks_mut(LANES * *stride).enumerate() {
            let lengths = block.chi[eight].draw(s, normals);
            for (j, (row, length)) in rows.chunks_exact_mut(*stride).zip(lengths).enumerate() {
                let sample = eight * LANES + j;
                let known = n + sample.min(block.directions);
                normals.fill(s, &mut row[..known.next_multiple_of(DRAW)]);
                let least = s.splat(known as f64);
                for at in (known / LANES * LANES..row.len()).step_by(S::LANES) {
                    let kept = s.select_greater(least, s.load(numbers, at), s.load(row, at), s.splat(0.0));
                    s.store(kept, row, at);
                }
                if sample < block.directions {
                    row[known] = length;
                }
                for (c, teacher) in teacher.chunks_exact_mut(samples).enumerate() {
                    teacher[sample] = row[c];
                }
            }
        }
        // ζ is drawn without noise too, so that the inputs of a seed are the same for every Δ.
        normals.fill(s, labels);
        for (sample, noise) in noise.iter_mut().enumerate() {
            *noise = setting.rates(block.step + (sample / batch) as u64).noise;
        }
        let parameters = &setting.parameters;
        for at in (0..samples).step_by(S::LANES) {
            let mut output = s.splat(0.0);
            for r in 0..k {
                let mut field = s.splat(0.0);
                for c in 0..=r {
                    let l = s.splat(chain.teacher[r * k + c]);
                    field = s.add_mul(field, l, s.load(teacher, c * samples + at));
                }
                let value = setting.teacher_activation.of_pack(s, field).0;
                output = s.add_mul(output, s.splat(parameters.a_star[r]), value);
            }
            let noise = s.load(noise, at) * s.load(labels, at);
            s.store(s.add_mul(noise, s.splat(parameters.s_star), output), labels, at);
        }
        if batch == 1 {
            for (pair, product) in z.windows(2 * *stride).step_by(*stride).zip(&mut products[1..]) {
                let mut lanes = [0.0; LANES];
                for lane in (0..LANES).step_by(S::LANES) {
                    let mut sum = s.splat(0.0);
                    for at in (lane..*stride).step_by(LANES) {
                        sum = s.add_mul(sum, s.load(pair, at), s.load(pair, *stride + at));
                    }
                    s.store(sum, &mut lanes, lane);
                }
                *product = sum_of_lanes(&lanes);
            }
        }
    }
}
