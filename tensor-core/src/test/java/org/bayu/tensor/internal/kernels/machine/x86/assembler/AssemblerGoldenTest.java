package org.bayu.tensor.internal.kernels.machine.x86.assembler;

import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Address.at;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R10;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R11;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R12;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R13;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R14;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R15;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R8;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R9;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RAX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RBP;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RBX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RCX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RSI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RSP;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.xmm;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HexFormat;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** The bytes are those that GNU as 2.40 gives for the text. */
class AssemblerGoldenTest {
  private static void expect(String text, String bytes, Consumer<Assembler> instruction) {
    var assembler = new Assembler();
    instruction.accept(assembler);
    assertEquals(bytes, HexFormat.of().formatHex(assembler.toByteArray()), text);
  }

  @Test
  void generalInstructionsHaveTheBytesOfGnuAs() {
    expect("mov rax,rdi", "4889f8", a -> a.mov(RAX, RDI));
    expect("mov r8,r15", "4d89f8", a -> a.mov(R8, R15));
    expect("mov rcx,[rdi]", "488b0f", a -> a.mov(RCX, at(RDI)));
    expect("mov r9,[rsp]", "4c8b0c24", a -> a.mov(R9, at(RSP)));
    expect("mov r9,[rsp+8]", "4c8b4c2408", a -> a.mov(R9, at(RSP, 8)));
    expect("mov rax,[r12]", "498b0424", a -> a.mov(RAX, at(R12)));
    expect("mov rax,[r12-128]", "498b442480", a -> a.mov(RAX, at(R12, -128)));
    expect("mov rax,[rbp]", "488b4500", a -> a.mov(RAX, at(RBP)));
    expect("mov rax,[r13]", "498b4500", a -> a.mov(RAX, at(R13)));
    expect("mov r10,[rbx+0x80]", "4c8b9380000000", a -> a.mov(R10, at(RBX, 128)));
    expect("mov rdx,[rax+rcx*8]", "488b14c8", a -> a.mov(RDX, at(RAX, RCX, 8, 0)));
    expect("mov rdx,[rbp+r13*4]", "4a8b54ad00", a -> a.mov(RDX, at(RBP, R13, 4, 0)));
    expect("mov rdx,[r13+r12*2+127]", "4b8b54657f", a -> a.mov(RDX, at(R13, R12, 2, 127)));
    expect("mov rdx,[r12+rbp*1-129]", "498b942c7fffffff", a -> a.mov(RDX, at(R12, RBP, 1, -129)));
    expect(
        "mov [rsp+r15*8+0x1000],r14", "4e89b4fc00100000", a -> a.mov(at(RSP, R15, 8, 4096), R14));
    expect("mov rax,-1", "48c7c0ffffffff", a -> a.mov(RAX, -1));
    expect("mov r11,0x7fffffff", "49c7c3ffffff7f", a -> a.mov(R11, 0x7fffffff));
    expect(
        "movabs rbx,0x123456789abcdef",
        "48bbefcdab8967452301",
        a -> a.mov(RBX, 0x123456789abcdefL));
    expect("lea rdi,[rsi+rdx*4+64]", "488d7c9640", a -> a.lea(RDI, at(RSI, RDX, 4, 64)));
    expect("lea r13,[r13]", "4d8d6d00", a -> a.lea(R13, at(R13)));
    expect("add rdi,rsi", "4801f7", a -> a.add(RDI, RSI));
    expect("add r12,8", "4983c408", a -> a.add(R12, 8));
    expect("add rdi,[rsp+8]", "48037c2408", a -> a.add(RDI, at(RSP, 8)));
    expect("sub rsp,0x1000", "4881ec00100000", a -> a.sub(RSP, 0x1000));
    expect("sub r9,r10", "4d29d1", a -> a.sub(R9, R10));
    expect("sub rcx,[r12+4]", "492b4c2404", a -> a.sub(RCX, at(R12, 4)));
    expect("cmp rax,-128", "4883f880", a -> a.cmp(RAX, -128));
    expect("cmp rsi,r9", "4c39ce", a -> a.cmp(RSI, R9));
    expect("cmp r14,[rbp-8]", "4c3b75f8", a -> a.cmp(R14, at(RBP, -8)));
    expect("and rdx,15", "4883e20f", a -> a.and(RDX, 15));
    expect("and r8,rcx", "4921c8", a -> a.and(R8, RCX));
    expect("and r15,-4096", "4981e700f0ffff", a -> a.and(R15, -4096));
    expect("or rax,rdx", "4809d0", a -> a.or(RAX, RDX));
    expect("xor r10,r10", "4d31d2", a -> a.xor(R10, R10));
    expect("test rdi,rdi", "4885ff", a -> a.test(RDI, RDI));
    expect("imul rcx,r14", "490fafce", a -> a.imul(RCX, R14));
    expect("shl rdx,32", "48c1e220", a -> a.shl(RDX, 32));
    expect("shr r13,5", "49c1ed05", a -> a.shr(R13, 5));
    expect("inc rbx", "48ffc3", a -> a.inc(RBX));
    expect("dec r9", "49ffc9", a -> a.dec(R9));
    expect("neg rsi", "48f7de", a -> a.neg(RSI));
    expect("push rbp", "55", a -> a.push(RBP));
    expect("push r12", "4154", a -> a.push(R12));
    expect("pop r15", "415f", a -> a.pop(R15));
    expect("ret", "c3", a -> a.ret());
    expect("cpuid", "0fa2", a -> a.cpuid());
    expect("xgetbv", "0f01d0", a -> a.xgetbv());
    expect("vzeroupper", "c5f877", a -> a.vzeroupper());
    expect("prefetcht0 [rsi+0x400]", "0f188e00040000", a -> a.prefetcht0(at(RSI, 1024)));
    expect("prefetcht1 [r12+r9*4]", "430f18148c", a -> a.prefetcht1(at(R12, R9, 4, 0)));
    expect("prefetchw [r13]", "410f0d4d00", a -> a.prefetchw(at(R13)));
    expect("movups [rsp+16],xmm7", "0f117c2410", a -> a.movups(at(RSP, 16), xmm(7)));
    expect("movups xmm15,[r13]", "450f107d00", a -> a.movups(xmm(15), at(R13)));
    expect("mov eax,[rsi+4]", "8b4604", a -> a.mov32(RAX, at(RSI, 4)));
    expect("mov r9d,[r13+rcx*4]", "458b4c8d00", a -> a.mov32(R9, at(R13, RCX, 4, 0)));
    expect("mov [r10],ecx", "41890a", a -> a.mov32(at(R10), RCX));
    expect("mov [rsp],r12d", "44892424", a -> a.mov32(at(RSP), R12));
  }
}
