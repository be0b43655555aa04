package dev.comet.internal;

import java.lang.reflect.Proxy;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.BeanDescription;
import tools.jackson.databind.SerializationConfig;
import tools.jackson.databind.SerializationContext;
import tools.jackson.databind.ValueSerializer;
import tools.jackson.databind.ser.ValueSerializerModifier;
import tools.jackson.databind.ser.bean.BeanSerializerBase;
import tools.jackson.databind.ser.std.ToEmptyObjectSerializer;

/**
 * Refuses what Jackson would describe instead of encoding it: of a type that it does not know it
 * writes whatever looks like a property, which for a future is {@code "done":false}, and for a
 * stream nothing. So a type is refused if Jackson has nothing but that for it and it is no type of
 * the application's data: a future, an exception, a resource, a lambda, a type of the JDK, or a
 * tree of another JSON library. A serializer for the type, or an annotation that names one, makes
 * it data.
 */
final class NoData extends ValueSerializerModifier {

    private static final long serialVersionUID = 1L;

    /** Packages of types that hold JSON, or stand for a request, and are no beans. */
    private static final Set<String> FOREIGN =
            Set.of(
                    "com.fasterxml.jackson.databind",
                    "com.google.gson",
                    "io.vertx.core.json",
                    "jakarta.json",
                    "javax.json",
                    "jakarta.servlet",
                    "jakarta.servlet.http",
                    "kotlinx.serialization.json",
                    "org.json",
                    "org.reactivestreams");

    @Override
    public ValueSerializer<?> modifySerializer(
            SerializationConfig config,
            BeanDescription.Supplier description,
            ValueSerializer<?> serializer) {
        boolean describes =
                serializer instanceof BeanSerializerBase
                        || serializer instanceof ToEmptyObjectSerializer;
        String fault = describes ? fault(description.getBeanClass()) : null;
        return fault == null ? serializer : new Refusing(fault);
    }

    /** What is wrong with the type, and what to do; null if nothing is. */
    private static @Nullable String fault(Class<?> type) {
        if (Future.class.isAssignableFrom(type) || CompletionStage.class.isAssignableFrom(type)) {
            return is(type, "a future", "send its value once that is there");
        }
        if (Flow.Publisher.class.isAssignableFrom(type)) {
            return is(type, "a publisher", "send what it publishes");
        }
        if (Throwable.class.isAssignableFrom(type)) {
            return is(type, "an exception", "send what the client may know of it");
        }
        if (AutoCloseable.class.isAssignableFrom(type)) {
            return is(type, "a resource (AutoCloseable)", "send what it contains");
        }
        if (type.isHidden() || type.isSynthetic()) {
            return is(type, "a lambda", "call it and send what it returns");
        }
        if (Proxy.isProxyClass(type)) { // of an interface, which is the application's
            return null;
        }
        if (isOfPlatform(type.getName())) {
            return is(
                    type,
                    "a type of the platform without a JSON form",
                    "send a record or a map of what matters");
        }
        String foreign = foreign(type);
        return foreign == null
                ? null
                : is(
                        type,
                        "of " + foreign + ", which Jackson 3 does not know",
                        "send a Map or a JsonNode of tools.jackson.databind");
    }

    private static String is(Class<?> type, String what, String fix) {
        return type.getName() + ", which is " + what + "; " + fix + ", or register a serializer";
    }

    private static boolean isOfPlatform(String name) {
        return name.startsWith("java.")
                || name.startsWith("javax.")
                || name.startsWith("jdk.")
                || name.startsWith("sun.")
                || name.startsWith("com.sun.");
    }

    /** The package that makes it foreign: its own, or one of a type that it extends. */
    private static @Nullable String foreign(@Nullable Class<?> type) {
        if (type == null || type == Object.class) {
            return null;
        }
        String own = type.getPackageName();
        // Case classes implement scala.Product, and with Scala's module they are beans.
        if (FOREIGN.contains(own) || (own.startsWith("scala") && !type.isInterface())) {
            return own;
        }
        for (Class<?> each : type.getInterfaces()) {
            String found = foreign(each);
            if (found != null) {
                return found;
            }
        }
        return foreign(type.getSuperclass());
    }

    private static final class Refusing extends ValueSerializer<Object> {

        private final String fault;

        Refusing(String fault) {
            this.fault = fault;
        }

        @Override
        public void serialize(Object value, JsonGenerator generator, SerializationContext context) {
            throw new Refused(fault);
        }
    }

    /** Found again under what Jackson wraps it in. */
    static final class Refused extends RuntimeException {

        private static final long serialVersionUID = 1L;

        Refused(String fault) {
            super(fault, null, false, false);
        }
    }
}
