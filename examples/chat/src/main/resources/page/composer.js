// Where messages are written: grows with the text, counts when it becomes long, sends on Enter.

const MAX_LENGTH = 2_000;
const NEAR_LENGTH = 1_800;

export class Composer {
  #form;
  #text;
  #counter;
  #button;
  #ready = false;

  /**
   * @param {HTMLFormElement} form with a textarea, an output for the count, and a button
   * @param {{send: (text: string) => void, written: (text: string) => void, typing: () => void}} actions
   */
  constructor(form, { send, written, typing }) {
    this.#form = form;
    this.#text = form.querySelector("textarea");
    this.#counter = form.querySelector("output");
    this.#button = form.querySelector("button");

    this.#text.addEventListener("input", () => {
      this.#update();
      written(this.value);
      if (this.value.trim()) {
        typing();
      }
    });
    this.#text.addEventListener("keydown", (event) => {
      // While a character is being composed, Enter belongs to the input method.
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        form.requestSubmit();
      }
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!this.#button.disabled) {
        const text = this.value.trim();
        this.value = "";
        written("");
        this.focus();
        send(text);
      }
    });
  }

  get value() {
    return this.#text.value;
  }

  set value(value) {
    this.#text.value = value;
    this.#update();
  }

  /** Whether what is written can be sent now. Writing is always possible. */
  set ready(ready) {
    this.#ready = ready;
    this.#update();
  }

  set placeholder(placeholder) {
    this.#text.placeholder = placeholder;
    this.#text.ariaLabel = placeholder;
  }

  focus() {
    this.#text.focus();
  }

  #update() {
    const length = this.value.trim().length;
    const over = length > MAX_LENGTH;
    this.#button.disabled = !this.#ready || length === 0 || over;
    this.#counter.hidden = length < NEAR_LENGTH;
    this.#counter.value = over ? `${length - MAX_LENGTH} too many` : `${MAX_LENGTH - length} left`;
    this.#counter.classList.toggle("over", over);
    this.#text.ariaInvalid = String(over);
    this.#text.style.height = "auto";
    this.#text.style.height = `${this.#text.scrollHeight}px`;
  }
}
