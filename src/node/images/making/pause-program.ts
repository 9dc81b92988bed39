/**
 * The program of the sandbox container, as machine code, so that no compiler is needed. It blocks SIGINT, SIGTERM and SIGCHLD and waits for one of
 * them: it ends on the first two and reaps whatever has ended on the third. Blocked signals reach even the first process of a
 * namespace, which the kernel shields from signals it has no handler for.
 */
export function pauseProgram(architecture: string): Uint8Array<ArrayBufferLike> {
  const program = programs[architecture];
  if (program === undefined) throw new Error(`there is no sandbox program for ${architecture}`);
  return elf(program.machine, Uint8Array.from(program.code));
}

interface Program {
  /** `e_machine` of ELF. */
  readonly machine: number;
  readonly code: readonly number[];
}

/** Little-endian 32-bit words, which all instructions of arm64 are. */
function words(...values: readonly number[]): readonly number[] {
  return values.flatMap((value) => [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24]);
}

const amd64: readonly number[] = [
  // The set of SIGINT (2), SIGTERM (15) and SIGCHLD (17): bit n-1 each.
  ...[0x68, 0x02, 0x40, 0x01, 0x00], //             push 0x14002
  ...[0x48, 0x89, 0xe6], //                         mov rsi, rsp
  ...[0x31, 0xff], //                               xor edi, edi      (SIG_BLOCK)
  ...[0x31, 0xd2], //                               xor edx, edx
  ...[0x41, 0xba, 0x08, 0x00, 0x00, 0x00], //       mov r10d, 8
  ...[0xb8, 0x0e, 0x00, 0x00, 0x00], //             mov eax, 14       (rt_sigprocmask)
  ...[0x0f, 0x05], //                               syscall
  // wait:
  ...[0x48, 0x89, 0xe7], //                         mov rdi, rsp
  ...[0x31, 0xf6], //                               xor esi, esi
  ...[0x31, 0xd2], //                               xor edx, edx
  ...[0x41, 0xba, 0x08, 0x00, 0x00, 0x00], //       mov r10d, 8
  ...[0xb8, 0x80, 0x00, 0x00, 0x00], //             mov eax, 128      (rt_sigtimedwait)
  ...[0x0f, 0x05], //                               syscall
  ...[0x83, 0xf8, 0x11], //                         cmp eax, 17
  ...[0x74, 0x0d], //                               je reap
  ...[0x85, 0xc0], //                               test eax, eax
  ...[0x78, 0xe3], //                               js wait           (interrupted)
  ...[0x31, 0xff], //                               xor edi, edi
  ...[0xb8, 0xe7, 0x00, 0x00, 0x00], //             mov eax, 231      (exit_group)
  ...[0x0f, 0x05], //                               syscall
  // reap:
  ...[0x48, 0xc7, 0xc7, 0xff, 0xff, 0xff, 0xff], // mov rdi, -1
  ...[0x31, 0xf6], //                               xor esi, esi
  ...[0xba, 0x01, 0x00, 0x00, 0x00], //             mov edx, 1        (WNOHANG)
  ...[0x45, 0x31, 0xd2], //                         xor r10d, r10d
  ...[0xb8, 0x3d, 0x00, 0x00, 0x00], //             mov eax, 61       (wait4)
  ...[0x0f, 0x05], //                               syscall
  ...[0x85, 0xc0], //                               test eax, eax
  ...[0x7f, 0xe4], //                               jg reap
  ...[0xeb, 0xbc], //                               jmp wait
];

const arm64: readonly number[] = words(
  0x52880049, // mov  w9, #0x4002
  0x72a00029, // movk w9, #1, lsl #16
  0xf81f0fe9, // str  x9, [sp, #-16]!
  0xd2800000, // mov  x0, #0          (SIG_BLOCK)
  0x910003e1, // mov  x1, sp
  0xd2800002, // mov  x2, #0
  0xd2800103, // mov  x3, #8
  0xd28010e8, // mov  x8, #135        (rt_sigprocmask)
  0xd4000001, // svc  #0
  // wait:
  0x910003e0, // mov  x0, sp
  0xd2800001, // mov  x1, #0
  0xd2800002, // mov  x2, #0
  0xd2800103, // mov  x3, #8
  0xd2801128, // mov  x8, #137        (rt_sigtimedwait)
  0xd4000001, // svc  #0
  0x7100441f, // cmp  w0, #17
  0x540000a0, // b.eq reap
  0x37ffff00, // tbnz w0, #31, wait   (interrupted)
  0xd2800000, // mov  x0, #0
  0xd2800bc8, // mov  x8, #94         (exit_group)
  0xd4000001, // svc  #0
  // reap:
  0x92800000, // mov  x0, #-1
  0xd2800001, // mov  x1, #0
  0xd2800022, // mov  x2, #1          (WNOHANG)
  0xd2800003, // mov  x3, #0
  0xd2802088, // mov  x8, #260        (wait4)
  0xd4000001, // svc  #0
  0x7100001f, // cmp  w0, #0
  0x54ffff2c, // b.gt reap
  0x17ffffec, // b    wait
);

const programs: Readonly<Record<string, Program>> = {
  amd64: { machine: 62, code: amd64 },
  arm64: { machine: 183, code: arm64 },
};

const headerBytes = 64;
const segmentBytes = 56;
const loadAddress = 0x400000n;

/** A static executable: the header of the file, that of its only segment, and the code. */
function elf(machine: number, code: Uint8Array<ArrayBufferLike>): Uint8Array<ArrayBufferLike> {
  const size = headerBytes + segmentBytes + code.length;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  // 64 bits, little-endian, version 1.
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true); // executable
  view.setUint16(18, machine, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, loadAddress + BigInt(headerBytes + segmentBytes), true); // entry
  view.setBigUint64(32, BigInt(headerBytes), true); // where the segment headers are
  view.setUint16(52, headerBytes, true);
  view.setUint16(54, segmentBytes, true);
  view.setUint16(56, 1, true);
  const segment = headerBytes;
  view.setUint32(segment, 1, true); // to be loaded
  view.setUint32(segment + 4, 5, true); // readable and executable
  view.setBigUint64(segment + 16, loadAddress, true);
  view.setBigUint64(segment + 24, loadAddress, true);
  view.setBigUint64(segment + 32, BigInt(size), true);
  view.setBigUint64(segment + 40, BigInt(size), true);
  view.setBigUint64(segment + 48, 0x10000n, true); // the largest page of either
  bytes.set(code, headerBytes + segmentBytes);
  return bytes;
}
