// Package balance x.
package balance
