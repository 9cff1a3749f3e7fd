// Package payee says under which contexts account numbers are sealed and printed, so that who records an account, who pays to it and
// who reads the bank's receipts mean the same bytes.
package payee

// Print is the context of the prints of account numbers, those of the registry and those of receipts alike.
const Print = "payee_account|print"

// Sealed is the context that the number of an account is sealed for.
func Sealed(id string) string { return "payee_account|sealed|" + id }
