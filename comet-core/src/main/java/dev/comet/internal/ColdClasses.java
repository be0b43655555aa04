package dev.comet.internal;

/**
 * Initialises classes before they are needed. One that is used for the first time while memory is
 * short fails to be initialised, and then for as long as the process lives.
 */
public final class ColdClasses {

    private ColdClasses() {}

    /**
     * Initialises classes of one package and those below it.
     *
     * @param neighbour a class of that package
     * @param names binary names, relative to the package, such as {@code Outer$Inner}
     * @throws IllegalStateException if there is no class of such a name
     */
    public static void initialise(Class<?> neighbour, String... names) {
        for (String name : names) {
            try {
                Class.forName(
                        neighbour.getPackageName() + '.' + name, true, neighbour.getClassLoader());
            } catch (ClassNotFoundException e) {
                throw new IllegalStateException("there is no class " + name, e);
            }
        }
    }
}
