package dev.comet.tests;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Which classes know which others; nested ones count as the one that they are in. */
final class ClassGraph {

    private final Map<String, Set<String>> known = new TreeMap<>();

    /**
     * @param packageName of the classes that count; empty for all packages
     */
    ClassGraph(JavaClasses classes, String packageName) {
        for (JavaClass type : classes) {
            if (counts(type, packageName)) {
                for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
                    JavaClass target = dependency.getTargetClass().getBaseComponentType();
                    if (counts(target, packageName) && !topLevel(type).equals(topLevel(target))) {
                        known.computeIfAbsent(topLevel(type), name -> new TreeSet<>())
                                .add(topLevel(target));
                    }
                }
            }
        }
    }

    private static boolean counts(JavaClass type, String packageName) {
        String name = type.getPackageName();
        return packageName.isEmpty() ? name.startsWith("dev.comet") : name.equals(packageName);
    }

    private static String topLevel(JavaClass type) {
        String name = type.getName();
        int nested = name.indexOf('$');
        return nested < 0 ? name : name.substring(0, nested);
    }

    /** Such as {@code dev.comet.A -> dev.comet.B}. */
    Set<String> arrows() {
        Set<String> arrows = new TreeSet<>();
        known.forEach((from, all) -> all.forEach(to -> arrows.add(from + " -> " + to)));
        return arrows;
    }

    void remove(String arrow) {
        String[] ends = arrow.split(" -> ", -1);
        known.getOrDefault(ends[0], new TreeSet<>()).remove(ends[1]);
    }

    /** The first circle that is found, from a class to itself; empty if there is none. */
    List<String> cycle() {
        Set<String> seen = new HashSet<>();
        for (String from : known.keySet()) {
            List<String> cycle = cycle(from, new ArrayList<>(), seen);
            if (!cycle.isEmpty()) {
                return cycle;
            }
        }
        return List.of();
    }

    private List<String> cycle(String at, List<String> way, Set<String> seen) {
        int before = way.indexOf(at);
        way.add(at);
        if (before >= 0) {
            return way.subList(before, way.size());
        }
        if (seen.add(at)) {
            for (String next : known.getOrDefault(at, Set.of())) {
                List<String> cycle = cycle(next, way, seen);
                if (!cycle.isEmpty()) {
                    return cycle;
                }
            }
        }
        way.remove(way.size() - 1);
        return List.of();
    }
}
