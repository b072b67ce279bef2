package dev.backstep.emulator.control;

import dev.backstep.emulator.control.ControlCall.CpuidEntry;
import dev.backstep.emulator.control.VcpuEvents.NonMaskable;
import dev.backstep.emulator.control.VcpuEvents.PendingException;
import dev.backstep.emulator.control.VcpuEvents.PendingInterrupt;

/// Requests as text: `key=value` pairs with commas between. What has its default is left out.
final class ControlText {
  private final StringBuilder text = new StringBuilder();

  private ControlText() {}

  static String arguments(ControlCall call) {
    ControlText t = new ControlText();
    switch (call) {
      case ControlCall.SetVcpuEvents c -> t.decimal("vcpu", c.vcpu()).events(c.events());
      case ControlCall.GetVcpuEvents c -> t.decimal("vcpu", c.vcpu());
      case ControlCall.GetSupportedCpuid c -> t.hex("leaf", c.leaf()).hex("subleaf", c.subleaf());
      case ControlCall.SetCpuid c -> {
        t.decimal("vcpu", c.vcpu());
        c.entries().forEach(t::entry);
      }
      case ControlCall.EnableCapability c -> t.word("cap", c.capability()).hex("flags", c.flags());
      case ControlCall.SetMsr c ->
          t.decimal("vcpu", c.vcpu()).hex("msr", c.msr()).hex("value", c.value());
      case ControlCall.SignalMsi c -> t.hex("address", c.address()).hex("data", c.data());
      case ControlCall.CreateVcpu c -> t.decimal("id", c.id());
    }
    return t.text.toString();
  }

  private void events(VcpuEvents e) {
    PendingException x = e.exception();
    flag("injected", x.injected());
    flag("pending", x.pending());
    if (x.injected() || x.pending() || x.nr() != 0) {
      decimal("nr", x.nr());
    }
    flag("has-error-code", x.hasErrorCode());
    if (x.hasErrorCode() || x.errorCode() != 0) {
      hex("error-code", x.errorCode());
    }
    flag("has-payload", x.hasPayload());
    if (x.hasPayload() || x.payload() != 0) {
      hex("payload", x.payload());
    }
    PendingInterrupt i = e.interrupt();
    flag("interrupt-injected", i.injected());
    if (i.injected() || i.nr() != 0) {
      decimal("interrupt-nr", i.nr());
    }
    flag("interrupt-soft", i.soft());
    if (i.shadow() != 0) {
      decimal("shadow", i.shadow());
    }
    NonMaskable n = e.nmi();
    flag("nmi-injected", n.injected());
    flag("nmi-pending", n.pending());
    flag("nmi-masked", n.masked());
    if (e.sipiVector() != 0) {
      hex("sipi-vector", e.sipiVector());
    }
    flag("triple-fault-pending", e.tripleFaultPending());
    if (e.flags() != 0) {
      hex("flags", e.flags());
    }
  }

  private void entry(CpuidEntry e) {
    hex("leaf", e.leaf()).hex("subleaf", e.subleaf());
    hex("eax", e.eax()).hex("ebx", e.ebx()).hex("ecx", e.ecx()).hex("edx", e.edx());
  }

  private void flag(String key, boolean value) {
    if (value) {
      word(key, "on");
    }
  }

  private ControlText decimal(String key, long value) {
    return word(key, Long.toString(value));
  }

  private ControlText hex(String key, int value) {
    return hex(key, Integer.toUnsignedLong(value));
  }

  private ControlText hex(String key, long value) {
    return word(key, "0x" + Long.toHexString(value));
  }

  private ControlText word(String key, String value) {
    text.append(text.isEmpty() ? "" : ",").append(key).append('=').append(value);
    return this;
  }
}
