package rules

// HasAwards tells whether the case has a history, be it an empty one.
func (c *Case) HasAwards() bool { return c.hasAwards }
