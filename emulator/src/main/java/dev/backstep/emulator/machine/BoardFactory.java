package dev.backstep.emulator.machine;

import dev.backstep.emulator.boot.BootImageException;
import dev.backstep.emulator.boot.FirmwareBoot;
import dev.backstep.emulator.boot.ImageFile;
import dev.backstep.emulator.boot.LegacyFirmware;
import dev.backstep.emulator.boot.MemoryLayout;
import dev.backstep.emulator.boot.Multiboot;
import dev.backstep.emulator.boot.MultibootEntry;
import dev.backstep.emulator.bus.GuestRam;
import dev.backstep.emulator.bus.NumericErrorPins;
import dev.backstep.emulator.bus.PhysicalBus;
import dev.backstep.emulator.cache.CacheModel;
import dev.backstep.emulator.control.ControlInterface;
import dev.backstep.emulator.control.KvmParts;
import dev.backstep.emulator.cpuid.CpuFeature;
import dev.backstep.emulator.cpuid.CpuModel;
import dev.backstep.emulator.cpuid.CpuSetting;
import dev.backstep.emulator.cpuid.CpuidTable;
import dev.backstep.emulator.decode.Decoder;
import dev.backstep.emulator.device.ConsoleSink;
import dev.backstep.emulator.device.DeviceCatalog;
import dev.backstep.emulator.device.DmaPath;
import dev.backstep.emulator.device.MachineControl;
import dev.backstep.emulator.device.SnoopedRam;
import dev.backstep.emulator.device.StateSink;
import dev.backstep.emulator.device.pci.MemoryController.SystemRom;
import dev.backstep.emulator.execution.BlockCache;
import dev.backstep.emulator.execution.Interpreter;
import dev.backstep.emulator.execution.OperationBinding;
import dev.backstep.emulator.injection.VcpuEventRequests;
import dev.backstep.emulator.input.ExternalInputs;
import dev.backstep.emulator.interrupt.ApicRouter;
import dev.backstep.emulator.interrupt.KvmMessages;
import dev.backstep.emulator.interrupt.LapicFeature;
import dev.backstep.emulator.interrupt.LapicModel;
import dev.backstep.emulator.listen.EventOrigin;
import dev.backstep.emulator.listen.EventPort;
import dev.backstep.emulator.machine.MachineConfig.DeviceConfig;
import dev.backstep.emulator.machine.MachineConfig.Image;
import dev.backstep.emulator.platform.ControlPolicy;
import dev.backstep.emulator.platform.NoncoherentDma;
import dev.backstep.emulator.platform.Platform;
import dev.backstep.emulator.platform.Platforms;
import dev.backstep.emulator.platform.VmCapabilities;
import dev.backstep.emulator.platform.VmExitPolicy;
import dev.backstep.emulator.time.EventQueue;
import dev.backstep.emulator.time.VirtualClock;
import dev.backstep.emulator.vcpu.Vcpu;
import dev.backstep.emulator.vcpu.VcpuParts;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Builds boards from a configuration: the only reader of a [Platform]. RAM and the numbers of code
/// blocks outlive a board, everything else is new after each reset.
final class BoardFactory {
  /// What a board is connected to.
  ///
  /// @param arena owns the guest's memory
  /// @param clock virtual time
  /// @param rtcSeconds what the real-time clock shows at power-up
  /// @param inputs gives random numbers
  /// @param events where events go
  /// @param control takes requests to stop or reset
  /// @param origin where and when a device's event happens
  /// @param console takes what the guest prints
  record Surroundings(
      Arena arena,
      VirtualClock clock,
      long rtcSeconds,
      ExternalInputs inputs,
      EventPort events,
      MachineControl control,
      EventOrigin origin,
      ConsoleSink console) {}

  private final MachineConfig config;
  private final Surroundings around;
  private final Platform platform;
  private final CpuidTable cpuid;
  private final List<Integer> addedVcpus = new ArrayList<>();
  private final MemoryLayout layout;
  private final GuestRam ram;
  private final @Nullable ImageFile firmware;
  private final @Nullable CacheModel caches;
  private @Nullable BlockCache blocks;

  BoardFactory(MachineConfig config, Surroundings around) throws MachineConfigException {
    this.config = config;
    this.around = around;
    layout = new MemoryLayout(config.memoryBytes());
    firmware = file(config.firmware());
    try {
      platform = Platforms.compose(config.platform(), config.quirks(), noncoherentDma());
      requireHypervisor();
      cpuid = platform.cpuidTable(CpuSetting.parse(config.cpu()), config.cpuCount());
      long romBytes = firmware == null ? 0 : FirmwareBoot.romBytes(firmware);
      ram = new GuestRam(around.arena(), layout.allocatedBytes() + romBytes);
      caches = config.hasCacheModel() ? cacheModel() : null;
    } catch (IllegalArgumentException | BootImageException e) {
      throw new MachineConfigException(String.valueOf(e.getMessage()), e);
    } catch (OutOfMemoryError e) {
      throw new MachineConfigException(
          "-m: the host cannot give the guest " + (config.memoryBytes() >> 20) + " MiB of memory",
          e);
    }
  }

  /// Refuses requests to a hypervisor that is not there, before anything runs.
  private void requireHypervisor() {
    if (around.inputs().hasControlCalls() && platform.control() == ControlPolicy.NONE) {
      throw new IllegalArgumentException(
          "--inject: %s has no hypervisor to ask; choose --platform kvm-intel or kvm-amd"
              .formatted(platform.name()));
    }
  }

  private NoncoherentDma noncoherentDma() {
    for (DeviceConfig device : config.devices()) {
      if (device.name().equals(DeviceCatalog.NONCOHERENT_DMA)) {
        return NoncoherentDma.ASSIGNED;
      }
    }
    return NoncoherentDma.NONE;
  }

  private CacheModel cacheModel() {
    return new CacheModel(
        ram, platform.cacheRules(), around.events(), around.origin(), layout::gpaOf);
  }

  GuestRam ram() {
    return ram;
  }

  /// A board at power-up, ready to run.
  Board build() throws MachineConfigException {
    if (caches != null) {
      caches.reset();
    }
    PhysicalBus bus = new PhysicalBus(ram);
    layout.mapInto(bus);
    if (firmware != null) {
      mapFirmware(firmware, bus);
    }
    EventQueue timers = new EventQueue();
    ApicRouter apics =
        new ApicRouter(
            new LapicModel(
                cpuid.physicalAddressBits(), lapicFeatures(), platform.hypervisor()::opensLint0),
            platform.routing().forBoard(),
            around.clock(),
            timers,
            around.events());
    BoardDevices devices =
        BoardDevices.attach(config, around, bus, timers, apics, layout, systemRom(), dmaPath());
    TurnOrder turns = new TurnOrder();
    HotPlug hotPlug =
        new HotPlug(turns, vcpuParts(bus, apics, devices), this::connectCache, addedVcpus);
    hotPlug.powerUp(config.cpuCount());
    VmExitPolicy exits = platform.vmExits();
    around.events().filter(event -> exits.exitFor(event, turns.get(event.at().vcpu())));
    BlockCache cache = blockCache(bus, turns.vcpus());
    devices.watchMap(turns.vcpus(), cache);
    Interpreter interpreter = new Interpreter(cache, bus, decoder(), operationBinding());
    boot(turns.vcpus(), apics, devices);
    ControlInterface control = control(turns, apics, hotPlug, interpreter);
    return new Board(turns, timers, devices.console(), interpreter, control, state(devices));
  }

  private DmaPath dmaPath() {
    return caches == null ? new SnoopedRam(ram) : caches;
  }

  private void connectCache(Vcpu c) {
    if (caches != null) {
      c.mmu.caches().connect(caches.processor(c.number));
    }
  }

  private OperationBinding operationBinding() {
    return caches == null ? OperationBinding.PLAIN : OperationBinding.withStoreOrder();
  }

  private Consumer<StateSink> state(BoardDevices devices) {
    return sink -> {
      devices.save(sink);
      if (caches != null) {
        caches.save(sink);
      }
      if (platform.control() != ControlPolicy.NONE) {
        platform.capabilities().save(sink);
        cpuid.saveWritten(sink);
      }
    };
  }

  /// Connects the parts that carry out what a hypervisor's user asks for.
  private ControlInterface control(
      TurnOrder turns, ApicRouter apics, HotPlug hotPlug, Interpreter interpreter) {
    KvmParts parts = new KvmParts();
    platform.capabilities().connect(parts);
    BoardVcpus vcpus = new BoardVcpus(turns, around.origin());
    parts.cpuid(new KvmCpuidRequests(vcpus, cpuid, hardware()));
    parts.msrs(new KvmMsrRequests(vcpus));
    parts.vcpuEvents(vcpuEvents(vcpus, interpreter));
    parts.creation(hotPlug).messages(new KvmMessages(apics, platform.capabilities()));
    ControlInterface control = platform.control().connect(parts, vcpus, around.events());
    return call -> {
      if (vcpus.at().position() > 0) {
        // What has run was before the request.
        apics.settleRoutes();
      }
      control.perform(call);
    };
  }

  /// What the processor of the CPU model has, whatever its flags take away.
  private CpuidTable hardware() {
    String model = CpuSetting.parse(config.cpu()).model().modelName();
    return platform.cpuidTable(CpuSetting.parse(model), config.cpuCount());
  }

  private VcpuEventRequests vcpuEvents(BoardVcpus vcpus, Interpreter interpreter) {
    CpuModel model = CpuSetting.parse(config.cpu()).model();
    VmCapabilities vm = platform.capabilities();
    return new VcpuEventRequests(
        vcpus::get,
        () -> platform.vmEntries().newEntry(model, interpreter::lengthOfNext),
        vcpus,
        new VcpuEventRequests.Capabilities(vm::hasExceptionPayload, vm::hasTripleFaultEvent),
        around.events());
  }

  private BlockCache blockCache(PhysicalBus bus, List<Vcpu> vcpus) {
    BlockCache cache = blocks;
    if (cache == null) {
      cache = new BlockCache(ram, bus);
      blocks = cache;
    }
    cache.attach(bus, vcpus);
    return cache;
  }

  private Decoder decoder() {
    Set<String> absent = new HashSet<>();
    for (CpuFeature feature : cpuid.absentFeatures()) {
      absent.add(feature.name());
    }
    // What becomes of MONITOR and MWAIT is not CPUID's to say alone.
    absent.remove(CpuFeature.MONITOR.name());
    return new Decoder(absent);
  }

  private EnumSet<LapicFeature> lapicFeatures() {
    EnumSet<LapicFeature> features = EnumSet.noneOf(LapicFeature.class);
    if (cpuid.has(CpuFeature.X2APIC)) {
      features.add(LapicFeature.X2APIC);
    }
    if (cpuid.has(CpuFeature.TSC_DEADLINE_TIMER)) {
      features.add(LapicFeature.TSC_DEADLINE);
    }
    return features;
  }

  private VcpuParts vcpuParts(PhysicalBus bus, ApicRouter apics, BoardDevices devices) {
    return new VcpuParts(
        bus,
        devices.ports(),
        apics,
        around.clock(),
        cpuid,
        platform.msrTable(cpuid),
        platform.memoryTypes(),
        around.events(),
        around.inputs(),
        numericErrors(devices),
        platform.hypervisor(),
        platform.virtualization());
  }

  private NumericErrorPins numericErrors(BoardDevices devices) {
    return switch (platform.numericErrors()) {
      case INTERRUPT_13 -> devices.attachCoprocessorErrors();
      case EXCEPTION_16 -> NumericErrorPins.ABSENT;
      case UNCONNECTED -> NumericErrorPins.UNCONNECTED;
    };
  }

  private void mapFirmware(ImageFile image, PhysicalBus bus) throws MachineConfigException {
    try {
      FirmwareBoot.map(image, ram, bus, layout);
    } catch (BootImageException e) {
      throw new MachineConfigException(String.valueOf(e.getMessage()), e);
    }
  }

  /// The ROM that can be seen below 1 MiB.
  private SystemRom systemRom() {
    return firmware == null
        ? new SystemRom(MemoryLayout.ROM_GPA, layout.romOffset())
        : FirmwareBoot.systemRom(firmware, layout);
  }

  private void boot(List<Vcpu> vcpus, ApicRouter apics, BoardDevices devices)
      throws MachineConfigException {
    if (firmware != null) {
      return;
    }
    try {
      LegacyFirmware.install(ram, layout, config.cpuCount());
      MultibootEntry entry = loadKernel();
      LegacyFirmware.programDevices(devices.ports(), apics.apics().at(0));
      LegacyFirmware.programCaches(vcpus, layout);
      entry.enter(vcpus.getFirst());
    } catch (BootImageException e) {
      throw new MachineConfigException(String.valueOf(e.getMessage()), e);
    }
  }

  private MultibootEntry loadKernel() throws BootImageException, MachineConfigException {
    ImageFile kernel = file(config.kernel());
    if (kernel == null) {
      throw new MachineConfigException("nothing to boot: give -kernel FILE or -bios FILE");
    }
    List<Multiboot.Module> modules = new ArrayList<>();
    for (Image module : config.modules()) {
      modules.add(
          new Multiboot.Module(new ImageFile(module.name(), module.bytes()), module.name()));
    }
    String commandLine = kernel.path() + " " + config.append();
    return Multiboot.load(kernel, commandLine, modules, ram, layout);
  }

  private static @Nullable ImageFile file(@Nullable Image image) {
    return image == null ? null : new ImageFile(image.name(), image.bytes());
  }
}
