package outlook

// Whole makes an outlook look at everything at every step and keep nothing.
func Whole(o *Outlook) *Outlook {
	o.all = true
	return o
}
