/** The API group of heddle's own kinds. */
export const heddleGroup = "heddle.dev";
export const heddleVersion = "v1alpha1";
