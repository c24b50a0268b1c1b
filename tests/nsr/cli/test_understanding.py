"""`nsr discover`."""

UNITS = "mass (kg)=kg,height=m,energy=kg*m"


def test_statements_about_a_table(nsr, table):
    code, out, err = nsr("discover", table, "--target", "energy")
    assert code == 0
    assert "scaling: energy over mass_kg*height is constant" in out
    assert "'mass (kg)'" in err  # which is called otherwise in statements
    assert "units allow" in nsr("discover", table, "--target", "energy", "--units", UNITS)[1]
