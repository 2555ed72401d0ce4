;; Computes a 3×3 convolution over float32 feature maps, which takes most of the time of a residual net.
;;
;; A map is square, (side + 2, side + 2, channels) in row-major order: round its pixels runs a border
;; of zeros, so no edge is ever tested for. The kernel is (3, 3, inputs, outputs), as Keras has it,
;; and padding is Keras's "same": one before and one after, or with stride 2 none before, one after.
;;
;; Four pixels side by side times eight channels are worked out at once. Their 32 sums stay in eight
;; registers, and each number that is loaded is used in several of them. So `side`, of the output,
;; is a multiple of 4, and `outputs` one of 8; `inputs` is free.
;;
;; `make wasm` puts the compiled bytes into convolution.mjs, which has the same in JavaScript.
(module
  (memory (export "memory") 1)

  ;; Addresses are in bytes; `relu` is 1 or 0. Only the pixels of the output are written.
  (func (export "convolve")
    (param $input i32) (param $kernel i32) (param $bias i32) (param $output i32)
    (param $side i32) (param $inputs i32) (param $outputs i32) (param $stride i32) (param $relu i32)

    ;; From one pixel, and one row, to the next, and from one of the four pixels to its neighbour.
    (local $pixel i32) (local $row i32) (local $neighbour i32)
    (local $outputPixel i32) (local $outputRow i32)

    (local $channel i32) (local $y i32) (local $x i32) (local $kernelRow i32)
    (local $window i32)     ;; the first of the 3×3 pixels under the kernel
    (local $in0 i32) (local $in1 i32) (local $in2 i32) (local $in3 i32) (local $end i32)
    (local $weights i32) (local $to i32)

    (local $value v128) (local $weightsA v128) (local $weightsB v128) (local $least v128)
    (local $sum0A v128) (local $sum1A v128) (local $sum2A v128) (local $sum3A v128)
    (local $sum0B v128) (local $sum1B v128) (local $sum2B v128) (local $sum3B v128)

    (local.set $pixel (i32.shl (local.get $inputs) (i32.const 2)))
    (local.set $row (i32.mul (local.get $pixel)
      (i32.add (i32.mul (local.get $side) (local.get $stride)) (i32.const 2))))
    (local.set $neighbour (i32.mul (local.get $pixel) (local.get $stride)))
    (local.set $outputPixel (i32.shl (local.get $outputs) (i32.const 2)))
    (local.set $outputRow (i32.mul (local.get $outputPixel)
      (i32.add (local.get $side) (i32.const 2))))

    ;; With stride 2 the first window leaves the border out.
    (if (i32.eq (local.get $stride) (i32.const 2))
      (then (local.set $input
        (i32.add (local.get $input) (i32.add (local.get $row) (local.get $pixel))))))
    (local.set $output
      (i32.add (local.get $output) (i32.add (local.get $outputRow) (local.get $outputPixel))))
    (if (i32.eqz (local.get $relu))
      (then (local.set $least (f32x4.splat (f32.const -inf)))))

    ;; The eight channels change last, so that their weights stay in the cache.
    (loop $channels
      (local.set $y (i32.const 0))
      (loop $rows
        (local.set $window (i32.add (local.get $input)
          (i32.mul (local.get $y) (i32.mul (local.get $stride) (local.get $row)))))
        (local.set $to
          (i32.add (local.get $output) (i32.mul (local.get $y) (local.get $outputRow))))
        (local.set $x (i32.const 0))
        (loop $fourPixels
          (local.set $sum0A (v128.load (local.get $bias)))
          (local.set $sum0B (v128.load offset=16 (local.get $bias)))
          (local.set $sum1A (local.get $sum0A)) (local.set $sum1B (local.get $sum0B))
          (local.set $sum2A (local.get $sum0A)) (local.set $sum2B (local.get $sum0B))
          (local.set $sum3A (local.get $sum0A)) (local.set $sum3B (local.get $sum0B))

          (local.set $weights (local.get $kernel))
          (local.set $in0 (local.get $window))
          (local.set $kernelRow (i32.const 3))
          (loop $kernelRows
            (local.set $in1 (i32.add (local.get $in0) (local.get $neighbour)))
            (local.set $in2 (i32.add (local.get $in1) (local.get $neighbour)))
            (local.set $in3 (i32.add (local.get $in2) (local.get $neighbour)))
            ;; Three pixels of a row, with all their channels, lie one behind the other, and so do
            ;; the weights of a row of the kernel: one loop goes over both.
            (local.set $end
              (i32.add (local.get $in0) (i32.mul (local.get $pixel) (i32.const 3))))
            (loop $steps
              (local.set $weightsA (v128.load (local.get $weights)))
              (local.set $weightsB (v128.load offset=16 (local.get $weights)))

              (local.set $value (v128.load32_splat (local.get $in0)))
              (local.set $sum0A (f32x4.add (local.get $sum0A)
                (f32x4.mul (local.get $value) (local.get $weightsA))))
              (local.set $sum0B (f32x4.add (local.get $sum0B)
                (f32x4.mul (local.get $value) (local.get $weightsB))))

              (local.set $value (v128.load32_splat (local.get $in1)))
              (local.set $sum1A (f32x4.add (local.get $sum1A)
                (f32x4.mul (local.get $value) (local.get $weightsA))))
              (local.set $sum1B (f32x4.add (local.get $sum1B)
                (f32x4.mul (local.get $value) (local.get $weightsB))))

              (local.set $value (v128.load32_splat (local.get $in2)))
              (local.set $sum2A (f32x4.add (local.get $sum2A)
                (f32x4.mul (local.get $value) (local.get $weightsA))))
              (local.set $sum2B (f32x4.add (local.get $sum2B)
                (f32x4.mul (local.get $value) (local.get $weightsB))))

              (local.set $value (v128.load32_splat (local.get $in3)))
              (local.set $sum3A (f32x4.add (local.get $sum3A)
                (f32x4.mul (local.get $value) (local.get $weightsA))))
              (local.set $sum3B (f32x4.add (local.get $sum3B)
                (f32x4.mul (local.get $value) (local.get $weightsB))))

              (local.set $weights (i32.add (local.get $weights) (local.get $outputPixel)))
              (local.set $in1 (i32.add (local.get $in1) (i32.const 4)))
              (local.set $in2 (i32.add (local.get $in2) (i32.const 4)))
              (local.set $in3 (i32.add (local.get $in3) (i32.const 4)))
              (br_if $steps (i32.lt_u
                (local.tee $in0 (i32.add (local.get $in0) (i32.const 4))) (local.get $end))))

            ;; From behind these three pixels to the first one of the next row.
            (local.set $in0 (i32.add (local.get $in0)
              (i32.sub (local.get $row) (i32.mul (local.get $pixel) (i32.const 3)))))
            (br_if $kernelRows (local.tee $kernelRow
              (i32.sub (local.get $kernelRow) (i32.const 1)))))

          (v128.store (local.get $to) (f32x4.max (local.get $sum0A) (local.get $least)))
          (v128.store offset=16 (local.get $to) (f32x4.max (local.get $sum0B) (local.get $least)))
          (local.set $to (i32.add (local.get $to) (local.get $outputPixel)))
          (v128.store (local.get $to) (f32x4.max (local.get $sum1A) (local.get $least)))
          (v128.store offset=16 (local.get $to) (f32x4.max (local.get $sum1B) (local.get $least)))
          (local.set $to (i32.add (local.get $to) (local.get $outputPixel)))
          (v128.store (local.get $to) (f32x4.max (local.get $sum2A) (local.get $least)))
          (v128.store offset=16 (local.get $to) (f32x4.max (local.get $sum2B) (local.get $least)))
          (local.set $to (i32.add (local.get $to) (local.get $outputPixel)))
          (v128.store (local.get $to) (f32x4.max (local.get $sum3A) (local.get $least)))
          (v128.store offset=16 (local.get $to) (f32x4.max (local.get $sum3B) (local.get $least)))
          (local.set $to (i32.add (local.get $to) (local.get $outputPixel)))

          (local.set $window
            (i32.add (local.get $window) (i32.shl (local.get $neighbour) (i32.const 2))))
          (br_if $fourPixels (i32.lt_u
            (local.tee $x (i32.add (local.get $x) (i32.const 4))) (local.get $side))))
        (br_if $rows (i32.lt_u
          (local.tee $y (i32.add (local.get $y) (i32.const 1))) (local.get $side))))

      (local.set $kernel (i32.add (local.get $kernel) (i32.const 32)))
      (local.set $bias (i32.add (local.get $bias) (i32.const 32)))
      (local.set $output (i32.add (local.get $output) (i32.const 32)))
      (br_if $channels (i32.lt_u
        (local.tee $channel (i32.add (local.get $channel) (i32.const 8)))
        (local.get $outputs))))))
