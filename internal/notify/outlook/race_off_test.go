//go:build !race

package outlook_test

// towns is how many firms forecasts are held against every day of, twenty pairs each.
const towns = 25
