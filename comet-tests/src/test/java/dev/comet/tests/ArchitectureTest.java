package dev.comet.tests;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaAccess.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.name;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.GeneralCodingRules.NO_CLASSES_SHOULD_ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The arrows between packages, and what no class may do. A rule that finds no class to judge fails
 * (ArchUnit's default), so that renaming a package cannot switch its rule off.
 */
class ArchitectureTest {
    /** Of top-level classes: far fewer than there are means that an import is broken. */
    private static final Map<String, Integer> FEWEST_CLASSES =
            Map.of(
                    "dev.comet", 41,
                    "dev.comet.engine", 10,
                    "dev.comet.internal", 7,
                    "dev.comet.inproc", 15,
                    "dev.comet.redis", 10,
                    "dev.comet.postgresql", 7,
                    "dev.comet.http", 35,
                    "dev.comet.servlet", 8,
                    "dev.comet.client", 25);

    /**
     * The arrows between classes that run back up, each with its reason. Whatever else is in a
     * circle is to be taken out of it: no class calls the one that made it.
     */
    private static final Set<String> ARROWS_UP =
            Set.of(
                    // Who is full is what a refusal is about, and every rule can refuse.
                    "dev.comet.CometException -> dev.comet.CometClient",
                    // A request and its client's session are one thing that is owned by one thread:
                    // it posts itself, and the session decides which one counts.
                    "dev.comet.engine.CometWaitRequest -> dev.comet.engine.WaitSession",
                    // A log wakes those that read it, and they enter and leave it.
                    "dev.comet.engine.SharedLog -> dev.comet.engine.WaitSession");

    private static final JavaClasses PUBLISHED =
            new ClassFileImporter()
                    .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                    // It does not know the folder of the fast build.
                    .withImportOption(location -> !location.contains("/test-classes/"))
                    .withImportOption(location -> !location.contains("package-info"))
                    .importPackages("dev.comet");

    private static final ArchRule NOBODY_SLEEPS =
            noClasses()
                    .should()
                    .callMethodWhere(target(owner(type(Thread.class))).and(target(name("sleep"))))
                    .orShould()
                    .callMethodWhere(
                            target(owner(type(TimeUnit.class))).and(target(name("sleep"))));

    @Test
    void classes_imported_areNotTooFew() {
        FEWEST_CLASSES.forEach(
                (name, fewest) ->
                        assertThat(PUBLISHED)
                                .filteredOn(type -> type.getPackageName().equals(name))
                                .filteredOn(type -> type.getEnclosingClass().isEmpty())
                                .as(name)
                                .hasSizeGreaterThanOrEqualTo(fewest));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "dev.comet",
                "dev.comet.engine",
                "dev.comet.internal",
                "dev.comet.redis",
                "dev.comet.postgresql",
                "dev.comet.http",
                "dev.comet.servlet",
                "dev.comet.client"
            })
    void classes_ofAPackage_haveNoCycles(String name) {
        ClassGraph graph = new ClassGraph(PUBLISHED, name);
        ARROWS_UP.forEach(graph::remove);
        assertThat(graph.cycle()).isEmpty();
    }

    @Test
    void arrowsUp_areStillThere() {
        assertThat(new ClassGraph(PUBLISHED, "").arrows()).containsAll(ARROWS_UP);
    }

    /** What javac's exports lint would say, which the parent pom leaves out. */
    @Test
    void publicMethods_ofPublicTypes_showNoTypeThatIsNotExported() {
        List<JavaCodeUnit> visible =
                PUBLISHED.stream()
                        .filter(type -> type.getModifiers().contains(JavaModifier.PUBLIC))
                        .filter(type -> !isNotExported(type))
                        .flatMap(type -> type.getCodeUnits().stream())
                        .filter(unit -> unit.getModifiers().contains(JavaModifier.PUBLIC))
                        .toList();

        assertThat(visible)
                .hasSizeGreaterThan(100)
                .noneMatch(unit -> isNotExported(unit.getRawReturnType()))
                .noneMatch(
                        unit ->
                                unit.getRawParameterTypes().stream()
                                        .anyMatch(ArchitectureTest::isNotExported));
    }

    private static boolean isNotExported(JavaClass type) {
        String name = type.getBaseComponentType().getPackageName();
        return name.startsWith("dev.comet.engine") || name.startsWith("dev.comet.internal");
    }

    @Test
    void packages_ofAllModules_haveNoCycles() {
        slices().assignedFrom(new Packages()).should().beFreeOfCycles().check(PUBLISHED);
    }

    @Test
    void core_layers_pointDown() {
        layeredArchitecture()
                .consideringOnlyDependenciesInLayers()
                .layer("application")
                .definedBy("dev.comet")
                .layer("engine")
                .definedBy("dev.comet.engine")
                .layer("shared by Comet's modules")
                .definedBy("dev.comet.internal")
                .whereLayer("application")
                .mayNotBeAccessedByAnyLayer()
                .whereLayer("engine")
                .mayOnlyBeAccessedByLayers("application")
                .check(PUBLISHED);
    }

    @Test
    void engine_outsideCore_isNotUsed() {
        classes()
                .that()
                .resideInAPackage("dev.comet.engine")
                .should()
                .onlyHaveDependentClassesThat()
                .resideInAnyPackage("dev.comet", "dev.comet.engine")
                .check(PUBLISHED);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "dev.comet",
                "dev.comet.engine",
                "dev.comet.internal",
                "dev.comet.inproc",
                "dev.comet.redis",
                "dev.comet.postgresql",
                "dev.comet.http"
            })
    void servletApi_outsideItsAdapter_isNotUsed(String name) {
        noClasses()
                .that()
                .resideInAPackage(name)
                .should()
                .dependOnClassesThat()
                .resideInAPackage("jakarta.servlet..")
                .check(PUBLISHED);
    }

    @Test
    void client_knowsNothingOfTheServer() {
        noClasses()
                .that()
                .resideInAPackage("dev.comet.client..")
                .should()
                .dependOnClassesThat(
                        resideInAPackage("dev.comet..")
                                .and(not(resideInAPackage("dev.comet.client.."))))
                .check(PUBLISHED);
    }

    /** Android has no {@code java.net.http}: a program there brings another transport. */
    @Test
    void jdksHttpClient_outsideItsTransport_isNotUsed() {
        noClasses()
                .that()
                .resideInAPackage("dev.comet..")
                .and()
                .haveNameNotMatching("dev\\.comet\\.client\\.http\\.JdkHttp(\\$.*)?")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("java.net.http..")
                .check(PUBLISHED);
    }

    @Test
    void standardStreams_andStackTraces_areNotWritten() {
        NO_CLASSES_SHOULD_ACCESS_STANDARD_STREAMS.check(PUBLISHED);
    }

    @Test
    void threads_inPublishedModules_doNotSleep() {
        NOBODY_SLEEPS.check(PUBLISHED);
    }

    @Test
    void threads_inTests_doNotSleep() throws IOException, URISyntaxException {
        NOBODY_SLEEPS.check(new ClassFileImporter().importPaths(testClasses()));
    }

    /** The compiled tests of every module that has been built, this one's among them. */
    private static List<Path> testClasses() throws IOException, URISyntaxException {
        Path own =
                Path.of(
                        ArchitectureTest.class
                                .getProtectionDomain()
                                .getCodeSource()
                                .getLocation()
                                .toURI());
        Path module = own;
        while (!Files.exists(module.resolve("pom.xml"))) {
            module = module.getParent();
        }
        Path output = module.relativize(own);
        try (Stream<Path> modules = Files.list(module.getParent())) {
            return modules.map(each -> each.resolve(output)).filter(Files::isDirectory).toList();
        }
    }

    /** Each package is a slice of its own, {@code dev.comet} too, which no pattern expresses. */
    private static final class Packages implements SliceAssignment {
        @Override
        public SliceIdentifier getIdentifierOf(JavaClass type) {
            return SliceIdentifier.of(type.getPackageName());
        }

        @Override
        public String getDescription() {
            return "packages";
        }
    }
}
