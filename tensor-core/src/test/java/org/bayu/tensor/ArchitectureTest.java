package org.bayu.tensor;

import static com.tngtech.archunit.lang.conditions.ArchConditions.onlyDependOnClassesThat;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Which packages of this module may know which. */
class ArchitectureTest {
  private static final String ROOT = "org.bayu.tensor";

  /** All packages, each of which may know those before it. */
  private static final List<String> FROM_BELOW =
      List.of(
          ROOT,
          ROOT + ".io",
          ROOT + ".internal.parallel",
          ROOT + ".internal.kernels",
          ROOT + ".internal.kernels.vector",
          ROOT + ".internal.kernels.gemm",
          ROOT + ".internal.kernels.machine",
          ROOT + ".internal.kernels.machine.x86.assembler",
          ROOT + ".internal.kernels.machine.x86",
          ROOT + ".internal",
          ROOT + ".internal.elements",
          ROOT + ".internal.attention",
          ROOT + ".autograd",
          ROOT + ".nn",
          ROOT + ".optim",
          ROOT + ".device");

  private static final JavaClasses CLASSES =
      new ClassFileImporter().importPath(Path.of("target", "classes"));

  /** Each package is a slice of its own. */
  private static final SliceAssignment PACKAGES =
      new SliceAssignment() {
        @Override
        public SliceIdentifier getIdentifierOf(JavaClass javaClass) {
          return javaClass.getPackageName().startsWith(ROOT)
              ? SliceIdentifier.of(javaClass.getPackageName())
              : SliceIdentifier.ignore();
        }

        @Override
        public String getDescription() {
          return "packages";
        }
      };

  @Test
  void noTwoPackagesNeedEachOther() {
    slices().assignedFrom(PACKAGES).should().beFreeOfCycles().check(CLASSES);
  }

  @Test
  void packagesKnowOnlyThoseBelowThem() {
    var packages = new TreeSet<String>();
    CLASSES.forEach(each -> packages.add(each.getPackageName()));
    assertEquals(new TreeSet<>(FROM_BELOW), packages);
    for (var i = 0; i < FROM_BELOW.size(); i++) {
      var known = FROM_BELOW.subList(0, i + 1);
      classes()
          .that()
          .resideInAPackage(FROM_BELOW.get(i))
          .should(onlyDependOnClassesThat(areInOneOf(known)))
          .check(CLASSES);
    }
  }

  private static DescribedPredicate<JavaClass> areInOneOf(List<String> packages) {
    return DescribedPredicate.describe(
        "are in " + packages,
        each ->
            !each.getBaseComponentType().getPackageName().startsWith(ROOT)
                || packages.contains(each.getBaseComponentType().getPackageName()));
  }

  @Test
  void whatComputesKnowsNoFilesTapesOrModules() {
    noClasses()
        .that()
        .resideInAPackage(ROOT + ".internal..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            ROOT + ".io", ROOT + ".autograd", ROOT + ".nn", ROOT + ".optim", ROOT + ".device")
        .check(CLASSES);
  }

  @Test
  void onlyTheProviderKnowsAKindOfProcessor() {
    noClasses()
        .that()
        .resideOutsideOfPackages(ROOT + ".internal", ROOT + ".internal.kernels.machine.x86..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage(ROOT + ".internal.kernels.machine.x86..")
        .check(CLASSES);
  }

  @Test
  void onlyElementKernelsDecideWhereLoopsOverBFloat16Run() {
    noClasses()
        .that()
        .resideOutsideOfPackages(ROOT + ".internal.kernels..", ROOT + ".internal.elements")
        .should()
        .dependOnClassesThat()
        .haveFullyQualifiedName(ROOT + ".internal.kernels.BFloat16Kernels")
        .check(CLASSES);
  }

  @Test
  void onlyTheVectorKernelsUseTheVectorApi() {
    noClasses()
        .that()
        .resideOutsideOfPackage(ROOT + ".internal.kernels.vector")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("jdk.incubator.vector..")
        .check(CLASSES);
  }
}
